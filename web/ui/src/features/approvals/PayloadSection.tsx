import { useMemo, type ReactElement } from 'react';
import type { Approval } from './approval';
import { fromBase64, hexDump, size, textIn } from './bytes';
import { parseExact, prettyExact } from './exact-json';
import { showHidden } from './hidden';
import { PayloadTree } from './PayloadTree';
import type { PayloadTab } from './search';
import { Section } from './Section';
import { CodeBlock } from '@/shared/components/code-block';
import { DiffView } from '@/shared/components/diff-view';
import { Time } from '@/shared/components/time';
import { Tabs, TabsContent, TabsList, TabsTrigger } from '@/shared/components/ui/tabs';

/** The request: as a tree, as its bytes, and against what was there before. */
export function PayloadSection({
  approval,
  tab,
  onTab,
}: {
  approval: Approval;
  tab: PayloadTab | undefined;
  onTab: (tab: PayloadTab) => void;
}): ReactElement {
  const { payload, previous_payload: previous, payload_before_edit: before } = approval;
  const tabs: [PayloadTab, string][] = [
    ['tree', 'Readable'],
    ['bytes', 'Bytes'],
    ...(previous === null ? [] : [['previous', 'Against the last run'] as [PayloadTab, string]]),
    ...(before === null ? [] : [['edit', 'Against before the edit'] as [PayloadTab, string]]),
  ];
  const given = tabs.some(([each]) => each === tab) ? tab : undefined;
  const shown = given ?? (before === null ? 'tree' : 'edit');
  const bytes = useMemo(() => fromBase64(payload.base64), [payload.base64]);
  return (
    <Section
      title="Payload"
      description={
        <span className="break-all">
          {showHidden(payload.content_type)}, {size(payload.size)}
        </span>
      }
    >
      <Tabs
        value={shown}
        onValueChange={(to) => {
          const next = tabs.find(([each]) => each === to);
          if (next !== undefined) onTab(next[0]);
        }}
      >
        <TabsList aria-label="How to show the payload">
          {tabs.map(([value, label]) => (
            <TabsTrigger key={value} value={value}>
              {label}
            </TabsTrigger>
          ))}
        </TabsList>
        <TabsContent value={shown} className="space-y-2 pt-3">
          {shown === 'tree' && <PayloadTree payload={payload} />}
          {shown === 'bytes' && <Bytes bytes={bytes} />}
          {shown === 'previous' && previous !== null && (
            <Difference
              said="Against the payload that was approved last, of the same assistant and source"
              at={previous.at}
              before={previous.base64}
              after={payload.base64}
            />
          )}
          {shown === 'edit' && before !== null && (
            <Difference
              said="Against the payload before it was edited, of"
              at={before.at}
              before={before.base64}
              after={payload.base64}
            />
          )}
        </TabsContent>
      </Tabs>
    </Section>
  );
}

function Bytes({ bytes }: { bytes: Uint8Array }): ReactElement {
  const text = textIn(bytes);
  return (
    <>
      {text !== undefined && <CodeBlock label="The bytes as UTF-8" wrap text={showHidden(text)} />}
      <CodeBlock label="The bytes in hex" text={hexDump(bytes)} />
    </>
  );
}

function Difference({
  said,
  at,
  before,
  after,
}: {
  said: string;
  at: string;
  before: string;
  after: string;
}): ReactElement {
  return (
    <>
      <p className="text-sm text-muted">
        {said}, <Time value={at} />
      </p>
      <DiffView label={said} before={lines(before)} after={lines(after)} />
    </>
  );
}

/** JSON on lines, so that a difference stands in the line it is in; other text as it is. */
export function lines(base64: string): string {
  const bytes = fromBase64(base64);
  const text = textIn(bytes);
  if (text === undefined) return hexDump(bytes);
  const json = parseExact(text);
  return showHidden(json === undefined ? text : prettyExact(json.value));
}
