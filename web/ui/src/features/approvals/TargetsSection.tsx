import type { ReactElement } from 'react';
import type { Approval } from './approval';
import { showHidden } from './hidden';
import { Section } from './Section';
import { CodeBlock } from '@/shared/components/code-block';
import { CopyButton } from '@/shared/components/copy-button';

/** Where the result goes afterwards, in order. */
export function TargetsSection({ approval }: { approval: Approval }): ReactElement {
  const targets = approval.post_actions;
  return (
    <Section
      title="Post-actions"
      description={
        targets.length === 0 ? 'None: nothing is sent anywhere.' : 'Sent in this order, signed'
      }
    >
      {targets.length > 0 && (
        <ol className="space-y-3">
          {targets.map((each) => (
            <li key={each.position} className="space-y-1 text-sm">
              <p className="font-medium">
                {each.position + 1}. {each.name ?? 'A target that was removed'}{' '}
                <span className="font-normal text-muted">version {each.version}</span>
              </p>
              <p className="flex items-center gap-1">
                <code className="min-w-0 break-all">{showHidden(each.url)}</code>
                <CopyButton text={each.url} label="Copy the address" />
              </p>
              {each.template === null || each.template === '' ? (
                <p className="text-muted">The result as it is, without a template.</p>
              ) : (
                <CodeBlock label="Its template" wrap text={showHidden(each.template)} />
              )}
            </li>
          ))}
        </ol>
      )}
    </Section>
  );
}
