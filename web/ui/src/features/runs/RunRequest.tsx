import type { ReactElement } from 'react';
import type { Run } from './run';
import { Id } from './RunParts';
import { Json } from './RunResult';
import { CodeBlock } from '@/shared/components/code-block';
import { Fact, Facts } from '@/shared/components/facts';
import { Printable } from '@/shared/components/printable';
import { Time } from '@/shared/components/time';
import { Trace } from '@/shared/components/trace';
import { fromBase64 } from '@/shared/proof/bytes';
import { bytesText } from '@/shared/text/amounts';

/** Who asked, from where, and with what payload. */
export function RunRequest({ run }: { run: Run }): ReactElement {
  return (
    <div className="space-y-4">
      <Facts>
        <Fact name="Asked by">
          {run.requester.name} <span className="text-muted">({run.requester.kind})</span>
        </Fact>
        <Fact name="Received">
          <Time value={run.received_at} mode="absolute" />
        </Fact>
        {Object.entries(run.origin).map(([name, value]) => (
          <Fact key={name} name={name.replaceAll('_', ' ')}>
            <Printable text={typeof value === 'string' ? value : JSON.stringify(value)} />
          </Fact>
        ))}
        <Fact name="Run">
          <Id value={run.id} what="run's id" />
        </Fact>
        {run.traceparent !== null && (
          <Fact name="traceparent">
            <Trace traceparent={run.traceparent} />
          </Fact>
        )}
      </Facts>
      <Payload payload={run.payload} />
    </div>
  );
}

function Payload({ payload }: { payload: Run['payload'] }): ReactElement {
  const edited = payload.editor === null ? '' : `, edited by ${payload.editor}`;
  return (
    <section aria-label="Payload" className="space-y-2">
      <h3 className="text-sm">Payload</h3>
      <p className="text-sm text-muted">
        {bytesText(payload.size)}, {payload.content_type}
        {edited}
        {payload.whole ? '' : '; its beginning'}
      </p>
      {payload.json === undefined ? (
        <CodeBlock text={textOf(payload.base64)} label="Payload" wrap />
      ) : (
        <Json value={payload.json} label="Payload" />
      )}
    </section>
  );
}

function textOf(base64: string): string {
  return new TextDecoder().decode(fromBase64(base64));
}
