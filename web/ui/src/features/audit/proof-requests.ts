import {
  infiniteQueryOptions,
  queryOptions,
  useInfiniteQuery,
  useMutation,
  useQuery,
} from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/audit/fingerprint and /checkpoints, POST /v1/audit/{sequence}/reveal. */

export type Checkpoint = components['schemas']['CheckpointView'];

export function useSigner() {
  const tenant = useTenant();
  return useQuery(
    queryOptions({
      queryKey: [...tenantKey(tenant), 'audit-signer'],
      queryFn: ({ signal }) => read(apiOf(tenant).GET('/v1/audit/fingerprint', { signal })),
    }),
  );
}

export function useCheckpoints() {
  const tenant = useTenant();
  return useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: [...tenantKey(tenant), 'audit', 'checkpoints'],
      queryFn: ({ pageParam, signal }) => {
        const query = { limit: 20, ...(pageParam === undefined ? {} : { cursor: pageParam }) };
        return read(apiOf(tenant).GET('/v1/audit/checkpoints', { params: { query }, signal }));
      },
      initialPageParam: undefined as number | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
    }),
  );
}

/** Kept in no cache: it is shown once, to who asked. */
export function useReveal() {
  const tenant = useTenant();
  return useMutation({
    mutationFn: ({ sequence, reason }: { sequence: number; reason: string }) =>
      read(
        apiOf(tenant).POST('/v1/audit/{sequence}/reveal', {
          params: { path: { sequence } },
          body: { reason },
        }),
      ),
    meta: { showsErrors: true },
    gcTime: 0,
  });
}
