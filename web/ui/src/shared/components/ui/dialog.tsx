import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import type { ComponentProps, ReactElement } from 'react';
import { Button } from './button';
import { cn } from './cn';

export const Dialog = Radix.Root;
export const DialogTrigger = Radix.Trigger;
export const DialogClose = Radix.Close;

export const overlayStyle = 'fixed inset-0 z-40 bg-[rgb(8_12_20/0.5)] animate-appear';

/** What opened a dialog may be gone when it closes: the keyboard is at the page's heading then. */
export function landInPage(): void {
  setTimeout(() => {
    if (document.activeElement !== document.body) return;
    document.getElementById('page-title')?.focus({ preventScroll: true });
  });
}

export function DialogContent({
  className,
  children,
  ...rest
}: ComponentProps<typeof Radix.Content>): ReactElement {
  return (
    <Radix.Portal>
      <Radix.Overlay className={overlayStyle} />
      <Radix.Content
        className={cn(
          'fixed top-1/2 left-1/2 z-50 flex max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] max-w-lg -translate-x-1/2 -translate-y-1/2 flex-col gap-4 overflow-y-auto rounded-xl border border-line bg-raised p-5 shadow-raised',
          className,
        )}
        onCloseAutoFocus={landInPage}
        {...rest}
      >
        {children}
        <Radix.Close asChild>
          <Button
            variant="ghost"
            size="icon-small"
            aria-label="Close"
            className="absolute top-4 right-4"
          >
            <X aria-hidden />
          </Button>
        </Radix.Close>
      </Radix.Content>
    </Radix.Portal>
  );
}

export function DialogHeader({ className, ...rest }: ComponentProps<'div'>): ReactElement {
  return <div className={cn('space-y-1 pr-8', className)} {...rest} />;
}

export function DialogTitle({
  className,
  ...rest
}: ComponentProps<typeof Radix.Title>): ReactElement {
  return <Radix.Title className={cn('text-lg', className)} {...rest} />;
}

export function DialogDescription({
  className,
  ...rest
}: ComponentProps<typeof Radix.Description>): ReactElement {
  return <Radix.Description className={cn('text-sm text-muted', className)} {...rest} />;
}

export function DialogFooter({ className, ...rest }: ComponentProps<'div'>): ReactElement {
  return (
    <div
      className={cn('flex flex-col-reverse gap-2 sm:flex-row sm:justify-end', className)}
      {...rest}
    />
  );
}
