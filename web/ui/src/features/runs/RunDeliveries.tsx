import { Send } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Run } from './run';
import { RunCallbacks } from './RunCallbacks';
import { Part, Parts } from './RunParts';
import { CodeBlock } from '@/shared/components/code-block';
import { DeliveryAnswer } from '@/shared/components/delivery-answer';
import { EmptyState } from '@/shared/components/empty-state';
import { Fact, Facts } from '@/shared/components/facts';
import { ReplayDeliveries } from '@/shared/components/replay-deliveries';
import { Time } from '@/shared/components/time';
import { Badge, type Tone } from '@/shared/components/ui/badge';
import { useHasRole } from '@/shared/session/tenant';
import { bytesText, spanText } from '@/shared/text/amounts';

type Delivery = Run['deliveries'][number];
// As the run's own answer holds of it.
const SHOWN_BYTES = 4096;
const TONES: Record<string, Tone> = { delivered: 'ok', retry: 'wait', refused: 'bad' };

/** Each attempt to hand the result to a target, and what the target answered. */
export function RunDeliveries({ run }: { run: Run }): ReactElement {
  const mayReplay = useHasRole('operator', 'admin');
  const waits = run.handoff?.stage === 'post_action' ? run.handoff.not_before : null;
  return (
    <Parts>
      {waits !== null && (
        <p className="text-sm text-wait">
          The next attempt is made at <Time value={waits} mode="absolute" />.
        </p>
      )}
      {run.deliveries.length === 0 && (
        <EmptyState icon={Send} title="Nothing was delivered">
          A result goes to the assistant’s targets once the agent has ended well.
        </EmptyState>
      )}
      {run.deliveries.length > 0 && mayReplay && (
        <ReplayDeliveries
          label="Send again"
          title="Send the deliveries of this run again"
          which={() => ({ run: run.id })}
        />
      )}
      {run.deliveries.map((each) => (
        <Part key={each.id} title={<Title delivery={each} />}>
          <Details delivery={each} />
        </Part>
      ))}
      <RunCallbacks run={run} />
    </Parts>
  );
}

function Title({ delivery }: { delivery: Delivery }): ReactElement {
  return (
    <>
      <Badge tone={TONES[delivery.outcome] ?? 'neutral'}>{delivery.outcome}</Badge>
      {delivery.target}, attempt {delivery.attempt}
      <Time value={delivery.attempted_at} className="font-normal text-muted" />
    </>
  );
}

function Details({ delivery }: { delivery: Delivery }): ReactElement {
  return (
    <>
      <Facts>
        <Fact name="Address">
          <code className="break-all">{delivery.url}</code>{' '}
          <span className="text-muted">(target version {delivery.target_version})</span>
        </Fact>
        <Fact name="Answer">
          {delivery.status_code === null ? 'None' : `Status ${delivery.status_code}`} after{' '}
          {spanText(delivery.duration_ms)}
        </Fact>
        {delivery.error !== null && <Fact name="Error">{delivery.error}</Fact>}
        <Fact name="Epoch">{delivery.epoch}</Fact>
      </Facts>
      {delivery.response !== null && delivery.response !== '' && (
        <details>
          <summary className="text-sm text-accent">
            What it answered
            {delivery.response_bytes !== null && `, ${bytesText(delivery.response_bytes)}`}
          </summary>
          <CodeBlock text={delivery.response} label="Answer of the target" wrap className="mt-2" />
          {delivery.response_bytes !== null && delivery.response_bytes > SHOWN_BYTES && (
            <p className="mt-2 text-sm text-muted">
              This is its beginning. All that is kept of it:{' '}
              <DeliveryAnswer id={delivery.id} bytes={delivery.response_bytes} />
            </p>
          )}
        </details>
      )}
    </>
  );
}
