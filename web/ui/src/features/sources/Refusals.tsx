import type { ReactElement } from 'react';
import { REFUSALS } from './refusal-words';
import type { Source } from './sources';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { counted } from '@/shared/text/amounts';

type Refusal = Source['refusals'][number];

/** What was turned away at the door, why, and what to do. */
export function Refusals({ source }: { source: Source }): ReactElement {
  return (
    <Section
      title="Turned away"
      description={
        source.refused === 0
          ? 'Nothing was: all that came was signed as it should be.'
          : `${source.refused} in all. The sender is told less than you.`
      }
    >
      {source.refusals.length > 0 && (
        <ul className="space-y-4">
          {source.refusals.map((refusal) => (
            <li key={refusal.kind}>
              <One refusal={refusal} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function One({ refusal }: { refusal: Refusal }): ReactElement {
  const { title, todo } = REFUSALS[refusal.kind];
  return (
    <div className="space-y-1 text-sm">
      <p className="flex flex-wrap items-baseline justify-between gap-x-3">
        <span className="font-medium text-bad">
          {title}, {counted(refusal.refused, 'time')}
        </span>
        <span className="text-muted">
          last <Time value={refusal.last_at} />
        </span>
      </p>
      <p>{refusal.means}</p>
      <p className="text-muted">{todo}</p>
      {refusal.recent.length > 0 && (
        <details>
          <summary className="min-h-6 text-accent">The last {refusal.recent.length}</summary>
          <ul className="mt-1 space-y-1">
            {refusal.recent.map((moment, at) => (
              <li key={`${moment.at}-${at}`}>
                <Time value={moment.at} mode="absolute" />
                {moment.hint !== null && <span className="text-muted"> {moment.hint}</span>}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
