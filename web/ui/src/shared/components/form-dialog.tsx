import {
  useEffect,
  useRef,
  useState,
  type ReactElement,
  type ReactNode,
  type SyntheticEvent,
} from 'react';
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
import { isProblem } from '@/shared/api/problem';

/**
 * A few fields and a verb. It stays open, with the reason, where the server refuses. What
 * `onSubmit` gives back is shown in place of the fields: a secret told once, a progress. It is the
 * `onSubmit` of the moment the dialog opened, as the fields are: what others change meanwhile gives
 * the page a newer ETag, and an edit of what was not seen must be refused. Whoever is refused for
 * that chooses: to begin again from what is saved now, or to leave it.
 */
export function FormDialog({
  trigger,
  title,
  description,
  confirm,
  danger = false,
  goesOn = false,
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
  /** What is shown after it has a verb of its own, which then is the main one. */
  goesOn?: boolean;
  onSubmit: (form: FormData) => Promise<ReactElement | null>;
  children?: ReactNode;
}): ReactElement {
  const [open, setOpen] = useState(false);
  const [outcome, setOutcome] = useState<ReactElement | null>(null);
  const [begun, setBegun] = useState(1);
  const change = (to: boolean): void => {
    setOpen(to);
    setOutcome(null);
    setBegun(1);
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
          <Fields
            key={begun}
            confirm={confirm}
            danger={danger}
            onSubmit={onSubmit}
            onDone={done}
            onBeginAgain={() => {
              setBegun(begun + 1);
            }}
          >
            {begun > 1 && <SavedNow />}
            {children}
          </Fields>
        )}
        {outcome !== null && (
          <DialogFooter>
            <DialogClose asChild>
              <Button variant={goesOn ? 'secondary' : 'primary'}>Done</Button>
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
  onBeginAgain,
  children,
}: {
  confirm: string;
  danger: boolean;
  onSubmit: (form: FormData) => Promise<ReactElement | null>;
  onDone: (shown: ReactElement | null) => void;
  onBeginAgain: () => void;
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
      {error !== undefined && <Refused error={error} onBeginAgain={onBeginAgain} />}
      <DialogFooter>
        <DialogClose asChild>
          <Button busy={busy}>Cancel</Button>
        </DialogClose>
        <Button type="submit" variant={danger ? 'danger' : 'primary'} busy={busy}>
          {confirm}
        </Button>
      </DialogFooter>
    </form>
  );
}

function Refused({
  error,
  onBeginAgain,
}: {
  error: unknown;
  onBeginAgain: () => void;
}): ReactElement {
  const notice = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Below long fields it would not be seen.
    notice.current?.scrollIntoView({ block: 'nearest' });
  }, [error]);
  return (
    <div ref={notice} className="scroll-mb-20">
      <ProblemNotice error={error}>
        {isProblem(error, 'precondition-failed') && (
          <>
            <p className="text-sm">What you typed stays here until you do.</p>
            <Button size="small" className="mt-2" onClick={onBeginAgain}>
              Begin again from what is saved now
            </Button>
          </>
        )}
      </ProblemNotice>
    </div>
  );
}

function SavedNow(): ReactElement {
  const line = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    // Where the keyboard was is gone; what is saved begins here.
    line.current?.focus();
  }, []);
  return (
    <p ref={line} tabIndex={-1} role="status" className="text-sm text-muted">
      This is what is saved now. Make your change again.
    </p>
  );
}

/** A field's text, without spaces around it. */
export function textIn(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value.trim() : '';
}
