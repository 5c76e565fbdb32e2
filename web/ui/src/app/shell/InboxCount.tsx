import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { openApprovalsQuery } from './open-approvals';

/** How many approvals wait. The page behind it says what they are. */
export function InboxCount({ tenant }: { tenant: string }): ReactElement | null {
  const { data } = useQuery(openApprovalsQuery(tenant));
  if (data === undefined || data.count === 0) return null;
  return (
    <span className="tabular min-w-5 rounded-full bg-accent px-1.5 text-center text-xs/5 font-medium text-on-accent">
      {data.count}
      {data.more && '+'}
      <span className="sr-only"> waiting</span>
    </span>
  );
}
