import {
  queryOptions,
  useMutation,
  useQuery,
  useQueryClient,
  type QueryClient,
} from '@tanstack/react-query';
import { api, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { meQuery } from '@/shared/session/me';

/** GET, POST and DELETE /v1/tenants/{tenant}/visits: the holding's people act in a tenant for a while. */

export type Visit = components['schemas']['VisitView'];

const visitsKey = (tenant: string) => [...tenantKey(tenant), 'tenants', 'visits'] as const;

/** Who of the holding came to act here, newest first. */
export function useVisits(tenant: string) {
  return useQuery(
    queryOptions({
      queryKey: visitsKey(tenant),
      queryFn: ({ signal }) =>
        read(api.GET('/v1/tenants/{tenant}/visits', { params: { path: { tenant } }, signal })),
    }),
  );
}

/** What a visit changes: what the visitor may do, and the list of visits. */
async function fresh(client: QueryClient, tenant: string): Promise<void> {
  await Promise.all([
    client.invalidateQueries({ queryKey: meQuery.queryKey, exact: true }),
    client.invalidateQueries({ queryKey: visitsKey(tenant) }),
  ]);
}

export function useBeginVisit() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({
      tenant,
      reason,
      minutes,
    }: {
      tenant: string;
      reason: string;
      minutes: number;
    }) =>
      read(
        api.POST('/v1/tenants/{tenant}/visits', {
          params: { path: { tenant } },
          body: { reason, minutes },
        }),
      ),
    meta: { showsErrors: true },
    onSuccess: (_, { tenant }) => fresh(client, tenant),
  });
}

/** Where a dialog shows its errors, it says so. */
export function useEndVisit(meta: { showsErrors?: boolean } = {}) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ tenant, visit }: { tenant: string; visit: string }) =>
      api.DELETE('/v1/tenants/{tenant}/visits/{visit_id}', {
        params: { path: { tenant, visit_id: visit } },
      }),
    meta,
    onSettled: (_data, _error, { tenant }) => fresh(client, tenant),
  });
}
