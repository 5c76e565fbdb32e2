import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { api, read } from '@/shared/api/client';
import { queryClient } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';

/** GET /v1/tenants: one's own; for the holding's people all. They are nobody's tenant's data. */

export type Tenant = components['schemas']['TenantView'];

export const tenantsKey = ['tenants'] as const;
const MOST = 100;

export const tenantsQuery = infiniteQueryOptions({
  queryKey: tenantsKey,
  queryFn: ({ pageParam, signal }) => {
    const query = { limit: MOST, ...(pageParam === undefined ? {} : { cursor: pageParam }) };
    return read(api.GET('/v1/tenants', { params: { query }, signal }));
  },
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next ?? undefined,
});

export function useTenants(enabled = true) {
  return useInfiniteQuery({ ...tenantsQuery, enabled });
}

/** For one of the holding: the tenant they were in last, while it is open; else the first. */
export async function knownTenant(last: string | undefined): Promise<string | undefined> {
  const { pages } = await queryClient.infiniteQuery(tenantsQuery);
  const open = pages.flatMap((page) => page.items).filter((each) => each.closed_at === null);
  return (open.find((each) => each.tenant === last) ?? open[0])?.tenant;
}
