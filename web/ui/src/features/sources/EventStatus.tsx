import type { ReactElement } from 'react';
import { RUN_STATUSES, StatusBadge } from '@/shared/components/status-badge';

/** How the run of an event fares. */
export function EventStatus({ status }: { status: string }): ReactElement {
  const known = RUN_STATUSES.find((each) => each === status);
  return known === undefined ? <>{status}</> : <StatusBadge status={known} />;
}
