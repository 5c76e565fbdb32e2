import { ArrowRight } from 'lucide-react';
import type { ReactElement } from 'react';
import { useRevoke, type Delegation } from './delegations';
import { standingOf, type Standing } from './standing';
import { useSeconds } from '@/shared/components/clock';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { Time } from '@/shared/components/time';
import { Badge, type Tone } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';

const LOOKS: Record<Standing, { tone: Tone; label: string }> = {
  'in-force': { tone: 'ok', label: 'In force' },
  later: { tone: 'info', label: 'Later' },
  ended: { tone: 'neutral', label: 'Ended' },
  revoked: { tone: 'neutral', label: 'Taken back' },
};

export function DelegationCard({
  loan,
  mayEnd,
}: {
  loan: Delegation;
  mayEnd: boolean;
}): ReactElement {
  const now = useSeconds();
  const standing = standingOf(loan, now);
  const revoke = useRevoke();
  return (
    <li className="space-y-1.5 rounded-lg border border-line bg-surface p-4">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="flex min-w-0 flex-wrap items-center gap-1.5 font-medium">
          {loan.from_name}
          <ArrowRight aria-label="lent to" className="size-4 shrink-0 text-muted" />
          {loan.to_name}
        </span>
        <Badge tone={LOOKS[standing].tone}>{LOOKS[standing].label}</Badge>
      </div>
      <p className="text-sm break-words">
        <span className="text-muted">Groups</span> {loan.groups.join(', ')}
      </p>
      <p className="text-sm text-muted">
        From <Time value={loan.starts_at} mode="absolute" /> until{' '}
        <Time value={loan.ends_at} mode="absolute" />
        {loan.revoked_at !== null && (
          <>
            , taken back <Time value={loan.revoked_at} />
          </>
        )}
      </p>
      {loan.reason !== '' && <p className="text-sm break-words">“{loan.reason}”</p>}
      {mayEnd && (standing === 'in-force' || standing === 'later') && (
        <ConfirmDialog
          trigger={<Button size="small">End it now…</Button>}
          title="End this now?"
          confirm="End it"
          danger
          onConfirm={() => revoke.mutateAsync(loan.id)}
        >
          {loan.to_name} can no longer vote for {loan.from_name}. Votes already given count on.
        </ConfirmDialog>
      )}
    </li>
  );
}
