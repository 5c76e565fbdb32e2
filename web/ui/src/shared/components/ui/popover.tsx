import { Popover as Radix } from 'radix-ui';
import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';

export const Popover = Radix.Root;
export const PopoverTrigger = Radix.Trigger;
export const PopoverClose = Radix.Close;

export function PopoverContent({
  className,
  sideOffset = 6,
  ...rest
}: ComponentProps<typeof Radix.Content>): ReactElement {
  return (
    <Radix.Portal>
      <Radix.Content
        sideOffset={sideOffset}
        collisionPadding={8}
        className={cn(
          'z-50 w-72 rounded-lg border border-line bg-raised p-4 shadow-raised outline-none',
          className,
        )}
        {...rest}
      />
    </Radix.Portal>
  );
}
