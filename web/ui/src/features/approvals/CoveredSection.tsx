import type { ReactElement } from 'react';
import type { Checked } from './approval';
import { showHiddenIn } from './hidden';
import { DigestLine } from './DigestLine';
import { Section } from './Section';
import { CodeBlock } from '@/shared/components/code-block';
import { JsonTree } from '@/shared/components/json-tree';

/** The action itself: exactly what a vote names by its digest. */
export function CoveredSection({ checked }: { checked: Checked }): ReactElement {
  const { approval, check } = checked;
  return (
    <Section
      title="What the digest covers"
      description="SHA-256 of awgp.action.v1, a zero byte and these bytes. What starts is checked against it once more; if anything changed, nothing starts and people are asked anew."
    >
      <DigestLine digest={approval.digest} check={check} full />
      {check.state === 'matches' && (
        <JsonTree label="The action" value={showHiddenIn(check.action)} />
      )}
      <details>
        <summary className="min-h-8 text-sm text-accent">The bytes, in base64</summary>
        <CodeBlock label="The action’s bytes in base64" wrap text={approval.action_base64} />
      </details>
    </Section>
  );
}
