import type { Run } from './run';
import type { Tone } from '@/shared/components/ui/badge';
import { counted } from '@/shared/text/amounts';

/** What became of telling a run's sender how it ended. */

export type RunCallback = Run['callbacks'][number];

const STATES: Record<string, { tone: Tone; label: string }> = {
  due: { tone: 'wait', label: 'Not told yet' },
  delivered: { tone: 'ok', label: 'Told' },
  given_up: { tone: 'bad', label: 'Given up' },
};

export function stateOf(callback: RunCallback): { tone: Tone; label: string } {
  return STATES[callback.status] ?? { tone: 'neutral', label: callback.status };
}

export function attemptsText(callback: RunCallback): string {
  return callback.attempts === 0 ? 'None yet' : counted(callback.attempts, 'attempt');
}

/** What to do, where somebody should. */
export function todoOf(callback: RunCallback): string | undefined {
  if (callback.status === 'given_up') {
    return 'It is not tried again. The sender can ask for the run; mend the target for the next one.';
  }
  if (callback.status === 'due' && callback.attempts > 0) {
    return 'It is tried again, as often as the target’s deliveries are.';
  }
  return undefined;
}

/** Where its sender asked to be called back, if it did. */
export function askedAt(run: Pick<Run, 'origin'>): string | undefined {
  const asked: unknown = run.origin['callback'];
  const named = typeof asked === 'object' && asked !== null && 'url' in asked;
  return named && typeof asked.url === 'string' ? asked.url : undefined;
}

type Telling = Pick<Run, 'origin' | 'callbacks' | 'epoch' | 'can_cancel' | 'sealed_at'>;

/** Whether its sender is about to be told: it asked to be, and no person is waited for. */
export function tellsYet(run: Telling): boolean {
  if (askedAt(run) === undefined || run.can_cancel) return false;
  const [callback] = run.callbacks.filter((each) => each.epoch === run.epoch);
  // It is made as the run is sealed, and forgotten long after.
  return callback === undefined ? run.sealed_at === null : callback.finished_at === null;
}
