import { useState, type ReactElement, type ReactNode, type SyntheticEvent } from 'react';
import { ProblemNotice } from './problem-notice';
import { Button } from './ui/button';
import {
  Dialog,
  DialogClose,
  DialogContent,
  DialogDescription,
  DialogFooter,
  DialogHeader,
  DialogTitle,
  DialogTrigger,
} from './ui/dialog';

/**
 * A few fields and a verb. It stays open, with the reason, where the server refuses. What
 * `onSubmit` gives back is shown in place of the fields: a secret told once, a progress. It is the
 * `onSubmit` of the moment the dialog opened, as the fields are: what others change meanwhile gives
 * the page a newer ETag, and an edit of what was not seen must be refused.
 */
export function FormDialog({
  trigger,
  title,
  description,
  confirm,
  danger = false,
  onSubmit,
  children,
}: {
  trigger: ReactElement;
  title: string;
  /** What will happen, in a sentence. */
  description: ReactNode;
  /** The verb on the button. */
  confirm: string;
  danger?: boolean;
  onSubmit: (form: FormData) => Promise<ReactElement | null>;
  children?: ReactNode;
}): ReactElement {
  const [open, setOpen] = useState(false);
  const [outcome, setOutcome] = useState<ReactElement | null>(null);
  const change = (to: boolean): void => {
    setOpen(to);
    setOutcome(null);
  };
  const done = (shown: ReactElement | null): void => {
    setOutcome(shown);
    if (shown === null) setOpen(false);
  };
  return (
    <Dialog open={open} onOpenChange={change}>
      <DialogTrigger asChild>{trigger}</DialogTrigger>
      <DialogContent
        onPointerDownOutside={(event) => {
          // A stray click must not lose a secret that is told once.
          if (outcome !== null) event.preventDefault();
        }}
      >
        <DialogHeader>
          <DialogTitle>{title}</DialogTitle>
          <DialogDescription asChild>
            <div className="text-sm text-muted">{description}</div>
          </DialogDescription>
        </DialogHeader>
        {outcome ?? (
          <Fields confirm={confirm} danger={danger} onSubmit={onSubmit} onDone={done}>
            {children}
          </Fields>
        )}
        {outcome !== null && (
          <DialogFooter>
            <DialogClose asChild>
              <Button variant="primary">Done</Button>
            </DialogClose>
          </DialogFooter>
        )}
      </DialogContent>
    </Dialog>
  );
}

function Fields({
  confirm,
  danger,
  onSubmit,
  onDone,
  children,
}: {
  confirm: string;
  danger: boolean;
  onSubmit: (form: FormData) => Promise<ReactElement | null>;
  onDone: (shown: ReactElement | null) => void;
  children: ReactNode;
}): ReactElement {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [submitSeen] = useState(() => onSubmit);
  const submit = (event: SyntheticEvent<HTMLFormElement>): void => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    submitSeen(new FormData(event.currentTarget))
      .then(onDone, setError)
      .finally(() => {
        setBusy(false);
      });
  };
  return (
    <form onSubmit={submit} className="space-y-4">
      {children}
      {error !== undefined && <ProblemNotice error={error} />}
      <DialogFooter>
        <DialogClose asChild>
          <Button disabled={busy}>Cancel</Button>
        </DialogClose>
        <Button type="submit" variant={danger ? 'danger' : 'primary'} disabled={busy}>
          {confirm}
        </Button>
      </DialogFooter>
    </form>
  );
}

/** A field's text, without spaces around it. */
export function textIn(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value.trim() : '';
}
