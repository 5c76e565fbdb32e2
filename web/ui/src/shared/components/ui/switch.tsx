import { Switch as Radix } from 'radix-ui';
import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';

export function Switch({ className, ...rest }: ComponentProps<typeof Radix.Root>): ReactElement {
  return (
    <Radix.Root
      className={cn(
        'inline-flex h-6 w-10 shrink-0 items-center rounded-full border border-control bg-sunken px-0.5 transition-colors disabled:opacity-55 data-[state=checked]:border-accent data-[state=checked]:bg-accent',
        className,
      )}
      {...rest}
    >
      <Radix.Thumb className="size-4.5 rounded-full bg-control transition-transform data-[state=checked]:translate-x-4 data-[state=checked]:bg-on-accent" />
    </Radix.Root>
  );
}
