import type { ReactElement } from 'react';
import type { Target } from './targets';
import { CodeBlock } from '@/shared/components/code-block';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Badge, type Tone } from '@/shared/components/ui/badge';

type Test = Target['tests'][number];
const SHOWN: Record<Test['status'], { tone: Tone; label: string }> = {
  due: { tone: 'info', label: 'On its way' },
  delivered: { tone: 'ok', label: 'Delivered' },
  failed: { tone: 'bad', label: 'Not delivered' },
};

/** The last tests, and what came of each. */
export function Tests({ target }: { target: Target }): ReactElement | null {
  if (target.tests.length === 0) return null;
  return (
    <Section title="Last tests">
      <ul className="divide-y divide-line">
        {target.tests.map((test) => (
          <li key={test.id} className="space-y-2 py-2 text-sm first:pt-0">
            <p className="flex flex-wrap items-center gap-2">
              <Badge tone={SHOWN[test.status].tone}>
                {SHOWN[test.status].label}
                {test.status_code !== null && ` ${test.status_code}`}
              </Badge>
              <Time value={test.created_at} className="text-muted" />
              {test.duration_ms !== null && (
                <span className="tabular text-muted">{test.duration_ms} ms</span>
              )}
            </p>
            {test.error !== null && <p className="break-words text-muted">{test.error}</p>}
            {test.response !== null && test.response !== '' && (
              <details>
                <summary className="text-accent">What it answered</summary>
                <CodeBlock text={test.response} label="Answer" wrap className="mt-2" />
              </details>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}
