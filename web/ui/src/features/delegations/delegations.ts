import {
  infiniteQueryOptions,
  useInfiniteQuery,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** /v1/delegations: votes lent to another person, until a time. */

export type Delegation = components['schemas']['DelegationView'];
export type DelegationBody = components['schemas']['DelegationBody'];
export interface Shown {
  whose: 'mine' | 'all';
  status: 'current' | 'all';
}

export function delegationsQuery(tenant: string, shown: Shown) {
  return infiniteQueryOptions({
    queryKey: [...tenantKey(tenant), 'delegations', 'list', shown],
    queryFn: ({ pageParam, signal }) =>
      read(
        apiOf(tenant).GET('/v1/delegations', {
          params: {
            query: { ...shown, ...(pageParam === undefined ? {} : { cursor: pageParam }) },
          },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

export function useDelegations(shown: Shown) {
  return useInfiniteQuery(delegationsQuery(useTenant(), shown));
}

export function useLend() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: DelegationBody) => read(apiOf(tenant).POST('/v1/delegations', { body })),
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: [...tenantKey(tenant), 'delegations'] }),
  });
}

export function useRevoke() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      read(
        apiOf(tenant).POST('/v1/delegations/{delegation_id}/revoke', {
          params: { path: { delegation_id: id } },
        }),
      ),
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: [...tenantKey(tenant), 'delegations'] }),
  });
}
