import { Pause, Play, SlidersHorizontal, TimerReset } from 'lucide-react';
import type { ReactElement } from 'react';
import { useChangeQueue, useScaleQueue, type Change } from './change';
import type { Queue } from './queues';
import { LABELS } from './words';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { ReasonField, TextField } from '@/shared/components/form-field';
import { Button } from '@/shared/components/ui/button';
import { toast } from '@/shared/components/ui/toast';

const MOST_PROCESSES = 64;

const CHANGES: Record<
  Change,
  { verb: string; icon: typeof Pause; says: string; done: string; danger: boolean }
> = {
  pause: {
    verb: 'Pause',
    icon: Pause,
    says: 'What is worked on now ends; everything else waits, in every tenant, until it is resumed.',
    done: 'paused',
    danger: true,
  },
  drain: {
    verb: 'Drain',
    icon: TimerReset,
    says: 'What is due now is worked off, nothing newer. Then it is paused.',
    done: 'draining',
    danger: true,
  },
  resume: {
    verb: 'Resume',
    icon: Play,
    says: 'What waits is due at once.',
    done: 'running again',
    danger: false,
  },
};

/** For the holding: a queue is shared by all tenants. */
export function QueueActions({ queue }: { queue: Queue }): ReactElement {
  return (
    <div className="flex flex-wrap gap-2">
      {queue.state === 'running' ? (
        <>
          <ChangeButton queue={queue} change="pause" />
          <ChangeButton queue={queue} change="drain" />
        </>
      ) : (
        <ChangeButton queue={queue} change="resume" />
      )}
      <ScaleButton queue={queue} />
    </div>
  );
}

function ChangeButton({ queue, change }: { queue: Queue; change: Change }): ReactElement {
  const order = useChangeQueue();
  const { verb, icon: Icon, says, done, danger } = CHANGES[change];
  return (
    <FormDialog
      trigger={
        <Button>
          <Icon aria-hidden />
          {verb}
        </Button>
      }
      title={`${verb} the queue ${LABELS[queue.queue]}?`}
      description={says}
      confirm={verb}
      danger={danger}
      onSubmit={async (form) => {
        await order.mutateAsync({ queue: queue.queue, change, reason: textIn(form, 'reason') });
        toast({ tone: 'ok', title: `${LABELS[queue.queue]} is ${done}` });
        return null;
      }}
    >
      <ReasonField help="It stays in the holding's audit trail." />
    </FormDialog>
  );
}

function ScaleButton({ queue }: { queue: Queue }): ReactElement {
  const scale = useScaleQueue();
  return (
    <FormDialog
      trigger={
        <Button>
          <SlidersHorizontal aria-hidden />
          Scale
        </Button>
      }
      title={`How many processes serve ${LABELS[queue.queue]}?`}
      description={`${queue.workers ?? 'An unknown number of'} serve it now. Fewer end after what they are doing; none leaves it unserved.`}
      confirm="Scale"
      onSubmit={async (form) => {
        await scale.mutateAsync({
          queue: queue.queue,
          processes: Number(textIn(form, 'processes')),
          reason: textIn(form, 'reason'),
          etag: queue.etag,
        });
        toast({ tone: 'ok', title: `${LABELS[queue.queue]} is being scaled` });
        return null;
      }}
    >
      <TextField
        label="Processes"
        name="processes"
        type="number"
        inputMode="numeric"
        required
        min={0}
        max={MOST_PROCESSES}
        defaultValue={queue.wanted?.processes ?? queue.workers ?? 1}
      />
      <ReasonField help="It stays in the holding's audit trail." />
    </FormDialog>
  );
}
