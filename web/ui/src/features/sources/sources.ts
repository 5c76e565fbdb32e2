import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from '@tanstack/react-query';
import type { SourcesSearch } from './search';
import { apiOf, read, readWithEtag } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/sources, GET /v1/sources/{source_id}. */

export type SourceLine = components['schemas']['SourceLine'];
export type Source = components['schemas']['SourceView'];

const FRESH_MS = 5_000;

export function sourcesKey(tenant: string) {
  return [...tenantKey(tenant), 'sources'] as const;
}

export function useSources(search: SourcesSearch) {
  const tenant = useTenant();
  const { q, active } = search;
  return useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: [...sourcesKey(tenant), 'list', search],
      queryFn: ({ pageParam, signal }) => {
        const query = {
          ...(q === undefined ? {} : { q }),
          ...(active === undefined ? {} : { active: active === 'yes' }),
          ...(pageParam === undefined ? {} : { cursor: pageParam }),
        };
        return read(apiOf(tenant).GET('/v1/sources', { params: { query }, signal }));
      },
      initialPageParam: undefined as string | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
      placeholderData: keepPreviousData,
    }),
  );
}

export function useSource(id: string) {
  const tenant = useTenant();
  return useQuery(
    queryOptions({
      queryKey: [...sourcesKey(tenant), 'one', id],
      // What arrives at it, and what is turned away, is not announced as a change of it.
      refetchInterval: FRESH_MS,
      queryFn: ({ signal }) =>
        readWithEtag(
          apiOf(tenant).GET('/v1/sources/{source_id}', {
            params: { path: { source_id: id } },
            signal,
          }),
        ),
    }),
  );
}
