import { useState, type ReactElement, type ReactNode } from 'react';
import {
  AlertDialog,
  AlertDialogCancel,
  AlertDialogContent,
  AlertDialogDescription,
  AlertDialogTitle,
  AlertDialogTrigger,
} from './ui/alert-dialog';
import { Button } from './ui/button';
import { DialogFooter } from './ui/dialog';
import { ProblemNotice } from './problem-notice';

/** Asks once more, and says what will happen. It stays open, with the reason, when that fails. */
export function ConfirmDialog({
  trigger,
  title,
  children,
  confirm,
  danger = false,
  onConfirm,
}: {
  trigger: ReactElement;
  title: string;
  children: ReactNode;
  /** The verb on the button: "Replay the run", never "OK". */
  confirm: string;
  danger?: boolean;
  onConfirm: () => Promise<unknown>;
}): ReactElement {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const act = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      setOpen(false);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const change = (to: boolean): void => {
    setOpen(to);
    setError(undefined);
  };
  return (
    <AlertDialog open={open} onOpenChange={change}>
      <AlertDialogTrigger asChild>{trigger}</AlertDialogTrigger>
      <AlertDialogContent>
        <AlertDialogTitle>{title}</AlertDialogTitle>
        <AlertDialogDescription asChild>
          <div>{children}</div>
        </AlertDialogDescription>
        {error !== undefined && <ProblemNotice error={error} />}
        <DialogFooter>
          <AlertDialogCancel asChild>
            <Button busy={busy}>Cancel</Button>
          </AlertDialogCancel>
          <Button
            variant={danger ? 'danger' : 'primary'}
            busy={busy}
            onClick={() => {
              void act();
            }}
          >
            {confirm}
          </Button>
        </DialogFooter>
      </AlertDialogContent>
    </AlertDialog>
  );
}
