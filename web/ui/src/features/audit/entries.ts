import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from '@tanstack/react-query';
import type { AuditSearch } from './search';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/audit, GET /v1/audit/{sequence}. */

export type Entry = components['schemas']['EntryView'];

/** Not below `audit`: what is sealed shows in the list only while it follows. */
export function entriesKey(tenant: string) {
  return [...tenantKey(tenant), 'audit-entries'] as const;
}

export function useEntries(search: AuditSearch) {
  const tenant = useTenant();
  return useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: [...entriesKey(tenant), 'list', search],
      queryFn: ({ pageParam, signal }) => {
        const query = { ...search, ...(pageParam === undefined ? {} : { cursor: pageParam }) };
        return read(apiOf(tenant).GET('/v1/audit', { params: { query }, signal }));
      },
      initialPageParam: undefined as number | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
      placeholderData: keepPreviousData,
    }),
  );
}

export function useEntry(sequence: number) {
  const tenant = useTenant();
  return useQuery(
    queryOptions({
      queryKey: [...entriesKey(tenant), 'one', sequence],
      queryFn: ({ signal }) =>
        read(apiOf(tenant).GET('/v1/audit/{sequence}', { params: { path: { sequence } }, signal })),
    }),
  );
}
