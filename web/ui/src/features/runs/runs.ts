import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import type { RunsSearch } from './search';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/runs: one file a request, with its fetcher, its query options and its hook. */

export type RunLine = components['schemas']['RunLine'];
type RunPage = components['schemas']['RunPage'];

function fetchRuns(
  tenant: string,
  search: RunsSearch,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<RunPage> {
  const query = {
    ...(search.status === undefined ? {} : { status: [search.status] }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  return read(apiOf(tenant).GET('/v1/runs', { params: { query }, signal }));
}

export function runsQuery(tenant: string, search: RunsSearch) {
  return infiniteQueryOptions({
    queryKey: [...tenantKey(tenant), 'runs', 'list', search],
    queryFn: ({ pageParam, signal }) => fetchRuns(tenant, search, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
  });
}

export function useRuns(search: RunsSearch) {
  return useInfiniteQuery(runsQuery(useTenant(), search));
}
