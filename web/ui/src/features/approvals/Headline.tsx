import type { ReactElement } from 'react';
import type { Approval } from './approval';
import { Sentences, WhatRuns } from './Essentials';
import { HeldBy } from './HeldBy';
import { showHidden } from './hidden';
import { RiskBadge } from './RiskBadge';
import { Fact, Section } from './Section';

/** What will happen, to be understood in ten seconds. */
export function Headline({ approval }: { approval: Approval }): ReactElement {
  const { line, sandbox, post_actions: targets } = approval;
  return (
    <Section
      title={approval.status === 'open' ? 'What will happen if it is approved' : 'What was asked'}
    >
      <p className="text-sm break-words">
        <bdi>{showHidden(line.summary)}</bdi>
      </p>
      <dl className="space-y-2">
        <Fact name="Runs">
          <WhatRuns approval={approval} />
        </Fact>
        <Fact name="Network">
          <Sentences of={sandbox.network} />
        </Fact>
        <Fact name="Afterwards">
          {targets.length === 0
            ? 'Nothing is sent anywhere.'
            : targets.map((each) => (
                <p key={each.position} className="break-all">
                  The result is sent to {each.name ?? 'a target'}:{' '}
                  <code>{showHidden(each.url)}</code>
                </p>
              ))}
        </Fact>
        <Fact name="Why it is held">
          <HeldBy line={line} />
        </Fact>
        <Fact name="Risk">
          <RiskBadge risk={line.risk} />
          <ul className="mt-1 list-disc space-y-0.5 pl-5">
            {line.risk.reasons.map((each) => (
              <li key={each.code}>{each.text}</li>
            ))}
          </ul>
        </Fact>
      </dl>
    </Section>
  );
}
