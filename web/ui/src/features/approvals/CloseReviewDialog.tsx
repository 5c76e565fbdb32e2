import { useId, useState, type ReactElement } from 'react';
import { showHidden } from './hidden';
import { useCloseReview, type Review, type ReviewVerdict } from './reviews';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Button } from '@/shared/components/ui/button';
import {
  Dialog,
  DialogContent,
  DialogDescription,
  DialogFooter,
  DialogHeader,
  DialogTitle,
  DialogTrigger,
} from '@/shared/components/ui/dialog';
import { Label } from '@/shared/components/ui/label';
import { Textarea } from '@/shared/components/ui/textarea';

const VERDICTS: readonly [ReviewVerdict, string][] = [
  ['justified', 'It was an emergency: approving alone was right'],
  ['unjustified', 'It was none: this should have waited'],
];

/** Look at what somebody approved alone, and say whether that was right. It is kept for good. */
export function CloseReviewDialog({ review }: { review: Review }): ReactElement {
  const [open, setOpen] = useState(false);
  const [verdict, setVerdict] = useState<ReviewVerdict>();
  const [note, setNote] = useState('');
  const id = useId();
  const close = useCloseReview(review.id);
  const ready = verdict !== undefined && note.trim() !== '';
  const send = (): void => {
    if (verdict === undefined) return;
    close.mutate(
      { verdict, note: note.trim() },
      {
        onSuccess: () => {
          setOpen(false);
        },
      },
    );
  };
  return (
    <Dialog open={open} onOpenChange={setOpen}>
      <DialogTrigger asChild>
        <Button size="small">Close the review…</Button>
      </DialogTrigger>
      <DialogContent>
        <DialogHeader>
          <DialogTitle>Was it an emergency?</DialogTitle>
          <DialogDescription>
            {showHidden(review.person)} approved alone and wrote: “{showHidden(review.reason)}”.
            What you say is kept in the trail and cannot be changed.
          </DialogDescription>
        </DialogHeader>
        {close.error !== null && <ProblemNotice error={close.error} />}
        <fieldset className="space-y-0.5">
          <legend className="mb-1 text-sm font-medium">Verdict</legend>
          {VERDICTS.map(([value, text]) => (
            <label key={value} className="flex min-h-8 items-center gap-2 text-sm">
              <input
                type="radio"
                name={id}
                className="size-4.5 shrink-0 accent-accent"
                checked={verdict === value}
                onChange={() => {
                  setVerdict(value);
                }}
              />
              {text}
            </label>
          ))}
        </fieldset>
        <div>
          <Label htmlFor={`${id}-note`}>What you found</Label>
          <Textarea
            id={`${id}-note`}
            required
            maxLength={2_000}
            className="mt-1"
            value={note}
            onChange={(event) => {
              setNote(event.target.value);
            }}
          />
        </div>
        <DialogFooter>
          <Button
            onClick={() => {
              setOpen(false);
            }}
          >
            Cancel
          </Button>
          <Button variant="primary" disabled={!ready} busy={close.isPending} onClick={send}>
            Close the review
          </Button>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  );
}
