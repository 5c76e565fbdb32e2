import type { ReactElement } from 'react';
import type { Run } from './run';
import { Id } from './RunParts';
import { Json } from './RunResult';
import { CodeBlock } from '@/shared/components/code-block';
import { Fact, Facts } from '@/shared/components/facts';
import { Printable } from '@/shared/components/printable';
import { Time } from '@/shared/components/time';
import { fromBase64 } from '@/shared/proof/inclusion';
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
        <Trace traceparent={run.traceparent} />
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

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/** The trace this run is part of: to paste into the tool that shows traces. */
function Trace({ traceparent }: { traceparent: string | null }): ReactElement | null {
  if (traceparent === null) return null;
  const trace = TRACEPARENT.exec(traceparent)?.[1];
  return (
    <>
      <Fact name="traceparent">
        <Id value={traceparent} what="traceparent" />
      </Fact>
      {trace !== undefined && (
        <Fact name="Trace">
          <Id value={trace} what="trace's id" />
        </Fact>
      )}
    </>
  );
}
