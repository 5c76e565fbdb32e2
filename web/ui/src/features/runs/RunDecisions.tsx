import { Link } from '@tanstack/react-router';
import { Scale } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Run } from './run';
import { Part, Parts } from './RunParts';
import { CODES } from './story';
import { EmptyState } from '@/shared/components/empty-state';
import { Fact, Facts } from '@/shared/components/facts';
import { Time } from '@/shared/components/time';
import { Badge, type Tone } from '@/shared/components/ui/badge';
import { useTenant } from '@/shared/session/tenant';
import { listed } from '@/shared/text/amounts';

type Decision = Run['decisions'][number];
const TONES: Record<string, Tone> = { auto: 'ok', hold: 'wait', deny: 'bad' };
const VERDICTS: Record<string, string> = { auto: 'Runs by itself', hold: 'Held', deny: 'Denied' };

/** What the policy said, an epoch at a time, and why. */
export function RunDecisions({ run }: { run: Run }): ReactElement {
  if (run.decisions.length === 0) {
    return (
      <EmptyState icon={Scale} title="The policy has not decided yet">
        Its decision, with the policies that matched, appears here.
      </EmptyState>
    );
  }
  return (
    <Parts>
      {run.decisions.map((each) => (
        <Part key={`${each.epoch} ${each.decided_at}`} title={<Title decision={each} />}>
          <Details decision={each} />
        </Part>
      ))}
    </Parts>
  );
}

function Title({ decision }: { decision: Decision }): ReactElement {
  return (
    <>
      <Badge tone={TONES[decision.verdict] ?? 'neutral'}>
        {VERDICTS[decision.verdict] ?? decision.verdict}
      </Badge>
      Epoch {decision.epoch}
      <Time value={decision.decided_at} className="font-normal text-muted" />
    </>
  );
}

function Details({ decision }: { decision: Decision }): ReactElement {
  const rules = decision.hold_rules ?? [];
  const errors = decision.errors ?? [];
  return (
    <Facts>
      <Fact name="Why">
        {CODES[decision.code] ?? decision.code} <code className="text-muted">{decision.code}</code>
      </Fact>
      <Fact name="Policy set">
        <Version version={decision.policy_version} />
      </Fact>
      {rules.length > 0 && <Fact name="Approval rules">{listed(rules)}</Fact>}
      {decision.auto_reason !== null && (
        <Fact name="No person, because">{decision.auto_reason}</Fact>
      )}
      {decision.policies.length > 0 && (
        <Fact name="Policies that matched">
          <ul className="space-y-1">
            {decision.policies.map((each) => (
              <li key={`${each.policy} ${each.rule ?? ''}`}>
                <code>{each.policy}</code>
                {each.rule !== null && <> asks for rule {each.rule}</>}
                {each.description !== null && (
                  <span className="block text-muted">{each.description}</span>
                )}
              </li>
            ))}
          </ul>
        </Fact>
      )}
      {errors.length > 0 && (
        <Fact name="Errors">
          <ul className="list-disc pl-4 text-bad">
            {errors.map((each) => (
              <li key={each} className="break-words">
                {each}
              </li>
            ))}
          </ul>
        </Fact>
      )}
    </Facts>
  );
}

function Version({ version }: { version: number | null }): ReactElement {
  const tenant = useTenant();
  if (version === null) return <>None was in force.</>;
  return (
    <Link
      to="/t/$tenant/policies/$version"
      params={{ tenant, version: String(version) }}
      className="text-accent underline underline-offset-2"
    >
      version {version}
    </Link>
  );
}
