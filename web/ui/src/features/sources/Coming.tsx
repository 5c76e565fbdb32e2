import type { ReactElement } from 'react';
import { awayText, clockText, tickText, type Clock } from './clock';
import { useQuarterMinutes } from '@/shared/components/clock';

/** The next ticks, by the clocks of the schedule's zone, and when each is sent. */
export function Coming({ clock }: { clock: Clock }): ReactElement {
  const now = useQuarterMinutes();
  return (
    <ol className="space-y-1 text-sm" aria-label="Next ticks">
      {clock.next.map(({ tick, send_at }) => (
        <li key={tick} className="flex flex-wrap items-baseline gap-x-3">
          <span className="tabular min-w-48">{tickText(tick, clock.zone)}</span>
          <span className="text-muted">
            {clock.jitter_seconds > 0 && (
              <>
                sent at <span className="tabular">{clockText(send_at, clock.zone)}</span>,{' '}
              </>
            )}
            {awayText(send_at, now)}
          </span>
        </li>
      ))}
    </ol>
  );
}
