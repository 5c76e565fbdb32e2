import { AlertDialog as Radix } from 'radix-ui';
import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';
import { landInPage, overlayStyle } from './dialog';

export const AlertDialog = Radix.Root;
export const AlertDialogTrigger = Radix.Trigger;
export const AlertDialogCancel = Radix.Cancel;
export const AlertDialogAction = Radix.Action;

export function AlertDialogContent({
  className,
  ...rest
}: ComponentProps<typeof Radix.Content>): ReactElement {
  return (
    <Radix.Portal>
      <Radix.Overlay className={overlayStyle} />
      <Radix.Content
        className={cn(
          'fixed top-1/2 left-1/2 z-50 flex max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] max-w-md -translate-x-1/2 -translate-y-1/2 flex-col gap-4 overflow-y-auto rounded-xl border border-line bg-raised p-5 shadow-raised',
          className,
        )}
        onCloseAutoFocus={landInPage}
        {...rest}
      />
    </Radix.Portal>
  );
}

export function AlertDialogTitle({
  className,
  ...rest
}: ComponentProps<typeof Radix.Title>): ReactElement {
  return <Radix.Title className={cn('text-lg', className)} {...rest} />;
}

export function AlertDialogDescription({
  className,
  ...rest
}: ComponentProps<typeof Radix.Description>): ReactElement {
  return <Radix.Description className={cn('text-sm text-muted', className)} {...rest} />;
}
