import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { waitingQuery } from './waiting';

/** How many approvals wait for me. The page behind it says what they are. */
export function InboxCount({ tenant }: { tenant: string }): ReactElement | null {
  const { data } = useQuery(waitingQuery(tenant));
  if (data === undefined || data.count === 0) return null;
  return (
    <span className="tabular min-w-5 rounded-full bg-accent px-1.5 text-center text-xs/5 font-medium text-on-accent">
      {data.count}
      {data.more && '+'}
      <span className="sr-only"> waiting</span>
    </span>
  );
}
