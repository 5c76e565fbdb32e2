import type { ReactElement } from 'react';
import { useEndVisit, useVisits, type Visit } from './visits';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { useMe, visitIn } from '@/shared/session/me';

/** Who of the holding came to act in this tenant, when and why. */
export function VisitsSection({ tenant }: { tenant: string }): ReactElement {
  const { data, error, refetch } = useVisits(tenant);
  return (
    <Section title={`Visits to ${tenant}`} description="Who of the holding acted here, and why">
      {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <SkeletonLines />}
      {data?.items.length === 0 && (
        <p className="text-sm text-muted">Nobody of the holding has acted here.</p>
      )}
      <ul className="divide-y divide-line">
        {data?.items.map((visit) => (
          <One key={visit.id} tenant={tenant} visit={visit} />
        ))}
      </ul>
    </Section>
  );
}

function One({ tenant, visit }: { tenant: string; visit: Visit }): ReactElement {
  return (
    <li className="flex flex-wrap items-start justify-between gap-2 py-2 text-sm first:pt-0">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2">
          <span className="font-medium">{visit.name}</span>
          {visit.lasts && <Badge tone="wait">acts here now</Badge>}
          <span className="text-muted">
            <Time value={visit.begun_at} mode="absolute" /> until{' '}
            <Time value={visit.ended_at ?? visit.until} mode="absolute" />
          </span>
        </p>
        <p className="break-words text-muted">{visit.reason}</p>
      </div>
      {visit.lasts && <End tenant={tenant} visit={visit} />}
    </li>
  );
}

/** One's own; and for the tenant's own admins anyone's. */
function End({ tenant, visit }: { tenant: string; visit: Visit }): ReactElement | null {
  const me = useMe();
  const end = useEndVisit({ showsErrors: true });
  const isAdminAtHome = me.tenants.some(
    (each) => each.tenant === tenant && each.roles.includes('admin'),
  );
  if (!isAdminAtHome && visitIn(me, tenant)?.id !== visit.id) return null;
  return (
    <ConfirmDialog
      trigger={<Button size="small">End the visit…</Button>}
      title={`End the visit of ${visit.name}?`}
      confirm="End the visit"
      danger
      onConfirm={() => end.mutateAsync({ tenant, visit: visit.id })}
    >
      They only look from now on. They may begin another, with a reason: to keep them out, ask the
      holding.
    </ConfirmDialog>
  );
}
