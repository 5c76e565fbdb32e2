import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';

export type Visit = components['schemas']['VisitView'];

/** GET /v1/tenants/{tenant}/visits: who of the holding came to act here, newest first. */
export function useVisits(tenant: string) {
  return useQuery(
    queryOptions({
      queryKey: [...tenantKey(tenant), 'tenants', 'visits'],
      queryFn: ({ signal }) =>
        read(api.GET('/v1/tenants/{tenant}/visits', { params: { path: { tenant } }, signal })),
    }),
  );
}
