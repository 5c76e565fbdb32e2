import { Ban, OctagonX, RotateCcw } from 'lucide-react';
import type { ReactElement } from 'react';
import { useCancelRun, useReplayRun } from './move-run';
import type { Run } from './run';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { Button } from '@/shared/components/ui/button';
import { toast } from '@/shared/components/ui/toast';
import { useHasRole } from '@/shared/session/tenant';

/** What an operator may do with a run; the server says what is possible, and decides. */
export function RunActions({ run }: { run: Run }): ReactElement | null {
  const operates = useHasRole('operator', 'admin');
  if (!operates) return null;
  return (
    <>
      {run.can_replay && <Replay run={run} />}
      {run.can_cancel && (run.status === 'executing' ? <Stop run={run} /> : <Cancel run={run} />)}
    </>
  );
}

function Replay({ run }: { run: Run }): ReactElement {
  const replay = useReplayRun(run.id);
  return (
    <ConfirmDialog
      trigger={
        <Button variant="primary">
          <RotateCcw aria-hidden />
          Replay…
        </Button>
      }
      title="Replay this run?"
      confirm="Replay the run"
      onConfirm={async () => {
        const moved = await replay.mutateAsync();
        toast({ tone: 'ok', title: `Replayed: epoch ${moved.epoch} has begun` });
      }}
    >
      <p>
        It begins again under the same id, in epoch {run.epoch + 1}. The policy that is in force now
        is asked, and where it says so people are asked again: nothing that was approved before
        counts.
      </p>
      <p className="mt-2">Targets that took the result of this run before may get another one.</p>
    </ConfirmDialog>
  );
}

function Cancel({ run }: { run: Run }): ReactElement {
  const cancel = useCancelRun(run.id);
  return (
    <ConfirmDialog
      danger
      trigger={
        <Button>
          <Ban aria-hidden />
          Cancel the run…
        </Button>
      }
      title="Cancel this run?"
      confirm="Cancel the run"
      onConfirm={async () => {
        await cancel.mutateAsync();
        toast({ tone: 'ok', title: 'Cancelled: nothing will run' });
      }}
    >
      <p>
        Nothing runs, and it stays like that: a cancelled run cannot be replayed. Who asked may ask
        again. The audit trail names you.
      </p>
    </ConfirmDialog>
  );
}

function Stop({ run }: { run: Run }): ReactElement {
  const cancel = useCancelRun(run.id);
  return (
    <ConfirmDialog
      danger
      trigger={
        <Button>
          <OctagonX aria-hidden />
          Stop the run…
        </Button>
      }
      title="Stop this run?"
      confirm="Stop the run"
      onConfirm={async () => {
        const moved = await cancel.mutateAsync();
        const ended = moved.status === 'cancelled';
        toast({ tone: 'ok', title: ended ? 'Stopped' : 'Its sandbox is being killed' });
      }}
    >
      <p>
        Its sandbox is killed and nothing is delivered, even where the agent ends well in this
        moment. What it did until then stays done.
      </p>
      <p className="mt-2">
        A run that was stopped cannot be replayed. Who asked may ask again. The audit trail names
        you.
      </p>
    </ConfirmDialog>
  );
}
