import type { ReactElement } from 'react';
import { useVisits, type Visit } from './visits';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { SkeletonLines } from '@/shared/components/ui/skeleton';

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
          <One key={visit.id} visit={visit} />
        ))}
      </ul>
    </Section>
  );
}

function One({ visit }: { visit: Visit }): ReactElement {
  return (
    <li className="py-2 text-sm first:pt-0">
      <p className="flex flex-wrap items-center gap-2">
        <span className="font-medium">{visit.name}</span>
        {visit.lasts && <Badge tone="wait">acts here now</Badge>}
        <span className="text-muted">
          <Time value={visit.begun_at} mode="absolute" /> until{' '}
          <Time value={visit.ended_at ?? visit.until} mode="absolute" />
        </span>
      </p>
      <p className="break-words text-muted">{visit.reason}</p>
    </li>
  );
}
