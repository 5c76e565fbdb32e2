import { queryOptions } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';

/** GET /v1/approvals/count: how many wait for me. */
export function waitingQuery(tenant: string) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'approvals', 'count'],
    queryFn: ({ signal }) => read(apiOf(tenant).GET('/v1/approvals/count', { signal })),
  });
}
