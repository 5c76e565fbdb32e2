import { Archive, RotateCcw } from 'lucide-react';
import { useState, type ReactElement } from 'react';
import { useLookAfter, useLookAfterMany, type Passed, type Way } from './look-after';
import type { DeadLettersSearch } from './search';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { ReasonField } from '@/shared/components/form-field';
import { Button } from '@/shared/components/ui/button';
import { Progress } from '@/shared/components/ui/progress';
import { toast } from '@/shared/components/ui/toast';

const WORDS = {
  replay: {
    verb: 'Replay',
    icon: RotateCcw,
    done: 'replayed',
    says: 'Each run begins again, in a new epoch: the policy is asked, and people where it says so.',
  },
  discard: {
    verb: 'Discard',
    icon: Archive,
    done: 'discarded',
    says: 'They are put aside for good, and their runs stay failed. The trail keeps them.',
  },
} as const;

export function LookAfterOne({ id, way }: { id: string; way: Way }): ReactElement {
  const { verb, icon: Icon, says, done } = WORDS[way];
  const order = useLookAfter();
  return (
    <FormDialog
      trigger={
        <Button variant={way === 'replay' ? 'primary' : 'secondary'}>
          <Icon aria-hidden />
          {verb}
        </Button>
      }
      title={`${verb} this dead letter?`}
      description={says}
      confirm={verb}
      danger={way === 'discard'}
      onSubmit={async (form) => {
        await order.mutateAsync({ id, way, reason: textIn(form, 'reason') });
        toast({ tone: 'ok', title: `It was ${done}` });
        return null;
      }}
    >
      <ReasonField />
    </FormDialog>
  );
}

/** Everything the filters of the list leave. */
export function LookAfterMany({
  search,
  way,
  atLeast,
}: {
  search: DeadLettersSearch;
  way: Way;
  /** How many are known to be there: `50+`. */
  atLeast: string;
}): ReactElement {
  const { verb, icon: Icon, says, done } = WORDS[way];
  const order = useLookAfterMany();
  const [progress, setProgress] = useState<Passed>();
  return (
    <FormDialog
      trigger={
        <Button size="small">
          <Icon aria-hidden />
          {verb} all that fit
        </Button>
      }
      title={`${verb} all ${atLeast} that fit?`}
      description={`${says} ${filtersInWords(search)}`}
      confirm={`${verb} all`}
      danger={way === 'discard'}
      onSubmit={async (form) => {
        setProgress(undefined);
        const reason = textIn(form, 'reason');
        const end = await order.mutateAsync({ way, search, reason, onProgress: setProgress });
        return <Outcome progress={end} done={done} />;
      }}
    >
      <ReasonField />
      {order.isPending && progress !== undefined && <HowFar progress={progress} />}
    </FormDialog>
  );
}

function HowFar({ progress }: { progress: Passed }): ReactElement {
  const passed = progress.done + skippedIn(progress);
  return (
    <div role="status" className="space-y-1 text-sm">
      <Progress aria-label="How far it is" value={passed} max={passed + progress.left} />
      <p className="text-muted">
        {passed} done, {progress.left} left
      </p>
    </div>
  );
}

function Outcome({ progress, done }: { progress: Passed; done: string }): ReactElement {
  const reasons = Object.entries(progress.skipped);
  return (
    <div role="status" className="text-sm">
      <p>
        {progress.done} {done}.
      </p>
      {reasons.length > 0 && (
        <ul className="list-disc pl-5 text-muted">
          {reasons.map(([reason, count]) => (
            <li key={reason}>
              {count} left as they were: {reason}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function skippedIn(progress: Passed): number {
  return Object.values(progress.skipped).reduce((sum, count) => sum + count, 0);
}

function filtersInWords({ stage, assistant, error }: DeadLettersSearch): string {
  const parts = [
    stage === undefined ? undefined : `given up in ${stage}`,
    assistant === undefined ? undefined : `of the assistant ${assistant}`,
    error === undefined ? undefined : `whose error contains “${error}”`,
  ].filter((part) => part !== undefined);
  return parts.length === 0
    ? 'No filter is set: it is every open one of this tenant.'
    : `Only those ${parts.join(', ')}.`;
}
