import {
  Check,
  CircleDashed,
  CircleSlash,
  Clock,
  Hand,
  LoaderCircle,
  X,
  type LucideIcon,
} from 'lucide-react';
import type { ReactElement } from 'react';
import { picturesOf, type StagePicture } from './pipeline-stages';
import type { Run } from './run';
import { useSeconds } from '@/shared/components/clock';
import { Card } from '@/shared/components/ui/card';
import { cn } from '@/shared/components/ui/cn';

interface Look {
  icon: LucideIcon;
  ring: string;
  line: string;
}

const LOOKS: Record<StagePicture['state'], Look> = {
  done: { icon: Check, ring: 'border-ok bg-ok-soft text-ok', line: 'bg-ok' },
  working: {
    icon: LoaderCircle,
    ring: 'border-info bg-info-soft text-info animate-breathe',
    line: 'bg-line',
  },
  waiting: { icon: Clock, ring: 'border-info bg-info-soft text-info', line: 'bg-line' },
  people: { icon: Hand, ring: 'border-wait bg-wait-soft text-wait', line: 'bg-line' },
  stopped: { icon: X, ring: 'border-bad bg-bad-soft text-bad', line: 'bg-line' },
  skipped: { icon: CircleSlash, ring: 'border-line bg-sunken text-muted', line: 'bg-line' },
  ahead: { icon: CircleDashed, ring: 'border-line bg-surface text-muted', line: 'bg-line' },
};

/** The five stages: a row on a wide screen, a column on a phone, a list for who cannot see it. */
export function Pipeline({ run }: { run: Run }): ReactElement {
  const stages = picturesOf(run, useSeconds());
  return (
    <Card aria-label="Pipeline" className="p-4">
      <ol className="grid md:grid-cols-5">
        {stages.map((each, at) => (
          <Stage key={each.stage} stage={each} isLast={at === stages.length - 1} />
        ))}
      </ol>
    </Card>
  );
}

function Stage({ stage, isLast }: { stage: StagePicture; isLast: boolean }): ReactElement {
  const { icon: Icon, ring, line } = LOOKS[stage.state];
  const here = ['working', 'waiting', 'people'].includes(stage.state);
  return (
    <li
      aria-current={here ? 'step' : undefined}
      className="relative flex gap-3 pb-5 last:pb-0 md:flex-col md:gap-2 md:pr-3 md:pb-0"
    >
      {!isLast && (
        <span
          aria-hidden
          className={cn(
            'absolute top-9 bottom-0 left-[1.0625rem] w-0.5 md:top-[1.0625rem] md:right-0 md:bottom-auto md:left-9 md:h-0.5 md:w-auto',
            line,
          )}
        />
      )}
      <span
        aria-hidden
        className={cn(
          'relative flex size-9 shrink-0 items-center justify-center rounded-full border-2',
          ring,
        )}
      >
        <Icon className="size-4.5" strokeWidth={2.25} />
      </span>
      <div className="min-w-0 text-sm">
        <p className="font-medium">
          {stage.name}
          <span className="font-normal text-muted">
            <span className="sr-only">: </span>
            <span aria-hidden> · </span>
            {stage.stateWord}
          </span>
        </p>
        {stage.detail !== undefined && <p className="break-words">{stage.detail}</p>}
        <p className="text-muted">
          {stage.spent !== undefined && <span className="tabular">{stage.spent}</span>}
          {stage.by !== undefined && (
            <span className="break-words">
              {stage.spent === undefined ? '' : ' '}by {stage.by}
            </span>
          )}
        </p>
      </div>
    </li>
  );
}
