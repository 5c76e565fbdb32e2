import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { statusesIn, type RunsSearch } from './search';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components, paths } from '@/shared/api/schema';
import { compact } from '@/shared/search/params';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/runs: one file a request, with its fetcher, its query options and its hook. */

export type RunLine = components['schemas']['RunLine'];
type RunPage = components['schemas']['RunPage'];
type Query = NonNullable<paths['/v1/runs']['get']['parameters']['query']>;

function fetchRuns(
  tenant: string,
  search: RunsSearch,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<RunPage> {
  const query: Query = compact({
    status: search.status === undefined ? undefined : statusesIn(search.status),
    assistant: search.assistant,
    source: search.source,
    since: search.since,
    until: search.until,
    q: search.id,
    has_dead_letter: search.dead === undefined ? undefined : true,
    cursor,
  });
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
