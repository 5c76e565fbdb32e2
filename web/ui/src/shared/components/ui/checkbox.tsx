import { Check, Minus } from 'lucide-react';
import { Checkbox as Radix } from 'radix-ui';
import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';

/** 24 px to hit, 18 px to see. */
export function Checkbox({ className, ...rest }: ComponentProps<typeof Radix.Root>): ReactElement {
  return (
    <Radix.Root
      className={cn(
        'group inline-flex size-6 shrink-0 items-center justify-center rounded',
        className,
      )}
      {...rest}
    >
      <span className="flex size-4.5 items-center justify-center rounded border border-control bg-surface text-on-accent group-disabled:opacity-55 group-data-[state=checked]:border-accent group-data-[state=checked]:bg-accent group-data-[state=indeterminate]:border-accent group-data-[state=indeterminate]:bg-accent">
        <Radix.Indicator>
          {rest.checked === 'indeterminate' ? (
            <Minus aria-hidden className="size-3.5" strokeWidth={3} />
          ) : (
            <Check aria-hidden className="size-3.5" strokeWidth={3} />
          )}
        </Radix.Indicator>
      </span>
    </Radix.Root>
  );
}
