import { useMemo, type ReactElement } from 'react';
import { fromBase64, hexDump, textIn } from './bytes';
import { parseExact } from './exact-json';
import { hasHidden, showHidden, showHiddenIn } from './hidden';
import { CodeBlock } from '@/shared/components/code-block';
import { JsonTree } from '@/shared/components/json-tree';
import type { components } from '@/shared/api/schema';

type Payload = Pick<components['schemas']['PayloadView'], 'base64' | 'content_type' | 'size'>;

/** The bytes themselves, read here: as JSON where they are, else as text, else in hex. */
export function PayloadTree({ payload }: { payload: Payload }): ReactElement {
  const bytes = useMemo(() => fromBase64(payload.base64), [payload.base64]);
  const text = useMemo(() => textIn(bytes), [bytes]);
  const json = useMemo(() => (text === undefined ? undefined : parseExact(text)), [text]);
  if (text === undefined) return <CodeBlock label="The payload in hex" text={hexDump(bytes)} />;
  const hidden = hasHidden(text) || (json !== undefined && hasHidden(JSON.stringify(json.value)));
  return (
    <div className="space-y-2">
      {hidden && <HiddenNotice />}
      {json === undefined ? (
        <CodeBlock label="The payload as text" wrap text={showHidden(text)} />
      ) : (
        <JsonTree label="The payload" value={showHiddenIn(json.value)} />
      )}
    </div>
  );
}

export function HiddenNotice(): ReactElement {
  return (
    <p role="note" className="rounded-md bg-wait-soft px-3 py-2 text-sm text-wait">
      It contains characters one cannot see. They are shown as <code>⟦U+…⟧</code>.
    </p>
  );
}
