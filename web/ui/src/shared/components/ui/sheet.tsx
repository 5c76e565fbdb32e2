import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import type { ComponentProps, ReactElement } from 'react';
import { Button } from './button';
import { cn } from './cn';
import { overlayStyle } from './dialog';

export const Sheet = Radix.Root;
export const SheetTrigger = Radix.Trigger;
export const SheetClose = Radix.Close;
export const SheetTitle = Radix.Title;
export const SheetDescription = Radix.Description;

const SIDES = {
  right: 'inset-y-0 right-0 w-full max-w-md border-l',
  bottom: 'inset-x-0 bottom-0 max-h-[85dvh] rounded-t-xl border-t pb-[env(safe-area-inset-bottom)]',
} as const;

export function SheetContent({
  className,
  side = 'right',
  children,
  ...rest
}: ComponentProps<typeof Radix.Content> & { side?: keyof typeof SIDES }): ReactElement {
  return (
    <Radix.Portal>
      <Radix.Overlay className={overlayStyle} />
      <Radix.Content
        className={cn(
          'fixed z-50 animate-appear overflow-y-auto border-line bg-raised p-4 shadow-raised',
          SIDES[side],
          className,
        )}
        {...rest}
      >
        {children}
        <Radix.Close asChild>
          <Button
            variant="ghost"
            size="icon-small"
            aria-label="Close"
            className="absolute top-3 right-3"
          >
            <X aria-hidden />
          </Button>
        </Radix.Close>
      </Radix.Content>
    </Radix.Portal>
  );
}
