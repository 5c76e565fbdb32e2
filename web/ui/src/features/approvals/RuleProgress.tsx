import { Check, Circle, CircleDot } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Approval } from './approval';
import { groupsNow, rulesIn } from './requirement';
import { useSeconds } from '@/shared/components/clock';
import { cn } from '@/shared/components/ui/cn';

/** How far each rule is, turn by turn, and who may vote in it by now. */
export function RuleProgress({ approval }: { approval: Approval }): ReactElement {
  const seconds = useSeconds();
  const now = approval.decided_at === null ? seconds : new Date(approval.decided_at).getTime();
  const asked = rulesIn(approval.requirement);
  const { rules } = approval.tally;
  return (
    <ul className="space-y-2">
      {rules.map((rule) => (
        <li key={rule.rule} className="text-sm">
          <p className="font-medium">
            {rule.rule}{' '}
            <span className="tabular font-normal text-muted">
              {rule.have} of {rule.needed} votes
            </span>
          </p>
          <ol className="mt-1 space-y-1">
            {rule.turns.map((turn, at) => (
              <li key={at} className="flex items-start gap-1.5">
                <Sign met={turn.met} now={at === rule.turn} />
                <span className={cn(at > rule.turn && 'text-muted')}>
                  {rule.turns.length > 1 && `${at + 1}. `}
                  {turn.needed === 1 ? 'one of ' : `${turn.needed} of `}
                  {groupsNow(
                    turn.groups,
                    asked.find((each) => each.name === rule.rule),
                    now - new Date(approval.opened_at).getTime(),
                  ).join(', ')}
                  <span className="text-muted">
                    {' · '}
                    {turn.met ? 'done' : at === rule.turn ? `${turn.have} so far` : 'later'}
                  </span>
                </span>
              </li>
            ))}
          </ol>
        </li>
      ))}
    </ul>
  );
}

function Sign({ met, now }: { met: boolean; now: boolean }): ReactElement {
  if (met) return <Check aria-hidden className="mt-0.5 size-4 shrink-0 text-ok" />;
  if (now) return <CircleDot aria-hidden className="mt-0.5 size-4 shrink-0 text-accent" />;
  return <Circle aria-hidden className="mt-0.5 size-4 shrink-0 text-muted" />;
}
