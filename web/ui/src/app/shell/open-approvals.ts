import { queryOptions } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';

const COUNTED = 50;

interface OpenApprovals {
  count: number;
  /** More wait than were counted. */
  more: boolean;
}

async function fetchOpenApprovals(tenant: string, signal: AbortSignal): Promise<OpenApprovals> {
  const page = await read(
    apiOf(tenant).GET('/v1/approvals', {
      params: { query: { status: 'open', limit: COUNTED } },
      signal,
    }),
  );
  return { count: page.items.length, more: page.next !== null };
}

export function openApprovalsQuery(tenant: string) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'approvals', 'open-count'],
    queryFn: ({ signal }) => fetchOpenApprovals(tenant, signal),
  });
}
