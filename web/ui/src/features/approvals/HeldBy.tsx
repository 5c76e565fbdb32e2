import type { ReactElement } from 'react';
import type { ApprovalLine } from './approvals';

/** Which policy holds it under which rule, in the policy's own words. */
export function HeldBy({ line }: { line: ApprovalLine }): ReactElement {
  if (line.held_by.length === 0) {
    return <>Held under {line.rules.join(', ')}</>;
  }
  return (
    <>
      {line.held_by.map((each) => (
        <span key={each.policy} className="block break-words">
          {each.description ?? 'Held by a policy without a description.'}{' '}
          <span className="text-muted">
            Policy <code>{each.policy}</code>, rule <code>{each.rule ?? 'default'}</code>
          </span>
        </span>
      ))}
    </>
  );
}
