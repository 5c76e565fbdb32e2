import { Separator as Radix } from 'radix-ui';
import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';

export function Separator({ className, ...rest }: ComponentProps<typeof Radix.Root>): ReactElement {
  return (
    <Radix.Root
      className={cn(
        'shrink-0 bg-line data-[orientation=horizontal]:h-px data-[orientation=horizontal]:w-full data-[orientation=vertical]:h-full data-[orientation=vertical]:w-px',
        className,
      )}
      {...rest}
    />
  );
}
