import type { ReactElement, ReactNode } from 'react';
import type { Approval } from './approval';
import { HeldBy } from './HeldBy';
import { showHidden } from './hidden';
import { PayloadTree } from './PayloadTree';
import { RiskBadge } from './RiskBadge';
import { RuleProgress } from './RuleProgress';

/** What will happen, in the order a person asks: who, what, where to, how far, why held. */
export function Essentials({ approval }: { approval: Approval }): ReactElement {
  const { line, asked, sandbox, post_actions: targets } = approval;
  return (
    <dl className="space-y-3 text-sm">
      <Item name="Who asks">
        {showHidden(asked.requester.name)}{' '}
        <span className="text-muted">
          ({asked.requester.kind}
          {asked.source_kind !== null && `, by ${asked.source_kind}`})
        </span>
      </Item>
      <Item name="What with">
        <PayloadTree payload={approval.payload} />
      </Item>
      <Item name="What runs">
        <WhatRuns approval={approval} />
      </Item>
      <Item name="Risk">
        <RiskBadge risk={line.risk} />
        <ul className="mt-1 list-disc space-y-0.5 pl-5">
          {line.risk.reasons.map((each) => (
            <li key={each.code}>{each.text}</li>
          ))}
        </ul>
      </Item>
      <Item name="Why it is held">
        <HeldBy line={line} />
      </Item>
      <Item name="Network">
        <Sentences of={sandbox.network} />
      </Item>
      <Item name="Afterwards">
        {targets.length === 0
          ? 'Nothing is sent anywhere.'
          : targets.map((each) => (
              <p key={each.position} className="break-all">
                The result is sent to {each.name ?? 'a target'}: <code>{showHidden(each.url)}</code>
              </p>
            ))}
      </Item>
      <Item name="Limits">
        <Sentences of={sandbox.limits} />
      </Item>
      <Item name="What it takes">
        <RuleProgress approval={approval} />
      </Item>
    </dl>
  );
}

/** The assistant and its bundle; and what would be in vain to approve. */
export function WhatRuns({ approval }: { approval: Approval }): ReactElement {
  const unsigned = approval.bundle.unsigned_because;
  return (
    <>
      {approval.line.assistant}, {bundleWords(approval)}
      {approval.status === 'open' && unsigned !== null && (
        <span className="block break-words text-bad">
          It will not be launched before it is signed: <bdi>{showHidden(unsigned)}</bdi>
        </span>
      )}
    </>
  );
}

export function bundleWords({ bundle }: Approval): string {
  if (bundle.last_approved === null) return 'a bundle of which nothing was ever approved';
  return bundle.changed
    ? 'a bundle that CHANGED since it was last approved'
    : 'the same bundle as when it was last approved';
}

export function Sentences({ of }: { of: readonly string[] }): ReactElement {
  return (
    <>
      {of.map((each) => (
        <p key={each} className="break-words">
          {showHidden(each)}
        </p>
      ))}
    </>
  );
}

function Item({ name, children }: { name: string; children: ReactNode }): ReactElement {
  return (
    <div className="grid gap-0.5 sm:grid-cols-[7rem_minmax(0,1fr)] sm:gap-3">
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </div>
  );
}
