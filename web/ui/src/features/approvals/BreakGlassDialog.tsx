import { Siren } from 'lucide-react';
import { useId, useState, type ReactElement } from 'react';
import type { Checked } from './approval';
import { useBreakGlass } from './break-glass';
import { DecisionProblem } from './DecisionProblem';
import { DigestLine } from './DigestLine';
import { emergencyOf } from './draft';
import {
  AlertDialog,
  AlertDialogCancel,
  AlertDialogContent,
  AlertDialogDescription,
  AlertDialogTitle,
  AlertDialogTrigger,
} from '@/shared/components/ui/alert-dialog';
import { Button } from '@/shared/components/ui/button';
import { DialogFooter } from '@/shared/components/ui/dialog';
import { Label } from '@/shared/components/ui/label';
import { Textarea } from '@/shared/components/ui/textarea';
import { toast } from '@/shared/components/ui/toast';

/** An emergency: approve alone. Red throughout, with a reason, and looked at by another after. */
export function BreakGlassDialog({ checked }: { checked: Checked }): ReactElement {
  const { approval, check } = checked;
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState(() => emergencyOf(approval.id, approval.digest));
  const [sure, setSure] = useState(false);
  const id = useId();
  const breakGlass = useBreakGlass(approval.id, () => {
    setOpen(false);
    toast({
      tone: 'info',
      title: 'Approved by you alone',
      detail: 'It runs now. Another person reviews it.',
    });
  });
  const ready = check.state === 'matches' && sure && reason.trim() !== '';
  const send = (): void => {
    breakGlass.mutate({ digest: approval.digest, reason: reason.trim() });
  };
  return (
    <AlertDialog open={open} onOpenChange={setOpen}>
      <AlertDialogTrigger asChild>
        <Button size="small" variant="danger">
          <Siren aria-hidden />
          Break the glass…
        </Button>
      </AlertDialogTrigger>
      <AlertDialogContent className="border-2 border-bad">
        <AlertDialogTitle className="flex items-center gap-2 text-bad">
          <Siren aria-hidden className="size-5" />
          Approve alone, in an emergency
        </AlertDialogTitle>
        <AlertDialogDescription>
          No other vote is asked for, and it runs at once. Your name and reason go into the trail,
          and a review stays open until another person closes it.
        </AlertDialogDescription>
        <DecisionProblem error={breakGlass.error} id={approval.id} />
        <DigestLine digest={approval.digest} check={check} />
        <div>
          <Label htmlFor={id}>Why it cannot wait</Label>
          <Textarea
            id={id}
            required
            maxLength={2_000}
            className="mt-1"
            value={reason}
            onChange={(event) => {
              setReason(event.target.value);
            }}
          />
        </div>
        <label className="flex items-start gap-2 text-sm">
          <input
            type="checkbox"
            className="mt-0.5 size-4.5 shrink-0 accent-bad"
            checked={sure}
            onChange={(event) => {
              setSure(event.target.checked);
            }}
          />
          I looked at what runs, and I take responsibility for it.
        </label>
        <DialogFooter>
          <AlertDialogCancel asChild>
            <Button>Cancel</Button>
          </AlertDialogCancel>
          <Button variant="danger" disabled={!ready} busy={breakGlass.isPending} onClick={send}>
            Break the glass and run it
          </Button>
        </DialogFooter>
      </AlertDialogContent>
    </AlertDialog>
  );
}
