import { MailWarning } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Run } from './run';
import { Time } from '@/shared/components/time';

/** Why the run was given up: shown above all else while it is so. */
export function DeadLetters({ run }: { run: Run }): ReactElement | null {
  const open = run.dead_letters.filter(
    (each) => each.replayed_at === null && each.discarded_at === null,
  );
  if (open.length === 0) return null;
  return (
    <ul className="space-y-2">
      {open.map((letter) => (
        <li
          key={letter.id}
          className="flex gap-3 rounded-lg border border-bad/40 bg-bad-soft p-4 text-sm"
        >
          <MailWarning aria-hidden className="size-5 shrink-0 text-bad" />
          <div className="min-w-0">
            <p className="font-medium">
              Given up at {letter.stage} <Time value={letter.created_at} />
            </p>
            <p className="break-words">{letter.error}</p>
            <p className="text-muted">
              {letter.failures} {letter.failures === 1 ? 'failure' : 'failures'} in epoch{' '}
              {letter.epoch}. An operator may replay the run, or put the letter aside under Queues.
            </p>
          </div>
        </li>
      ))}
    </ul>
  );
}
