import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from '@tanstack/react-query';
import type { TargetsSearch } from './search';
import { apiOf, read, readWithEtag } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/targets, GET /v1/targets/{target}. */

export type TargetLine = components['schemas']['TargetLine'];
export type Target = components['schemas']['TargetView'];

const FRESH_MS = 5_000;

export function targetsKey(tenant: string) {
  return [...tenantKey(tenant), 'targets'] as const;
}

export function useTargets(search: TargetsSearch) {
  const tenant = useTenant();
  return useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: [...targetsKey(tenant), 'list', search],
      queryFn: ({ pageParam, signal }) => {
        const query = { ...search, ...(pageParam === undefined ? {} : { cursor: pageParam }) };
        return read(apiOf(tenant).GET('/v1/targets', { params: { query }, signal }));
      },
      initialPageParam: undefined as string | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
      placeholderData: keepPreviousData,
    }),
  );
}

export function useTarget(name: string) {
  const tenant = useTenant();
  return useQuery(
    queryOptions({
      queryKey: [...targetsKey(tenant), 'one', name],
      // What is delivered to it is not announced as a change of it.
      refetchInterval: FRESH_MS,
      queryFn: ({ signal }) =>
        readWithEtag(
          apiOf(tenant).GET('/v1/targets/{target}', { params: { path: { target: name } }, signal }),
        ),
    }),
  );
}
