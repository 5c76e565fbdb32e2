import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from '@tanstack/react-query';
import type { DeadLettersSearch } from './search';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/dead-letters, GET /v1/dead-letters/{dead_letter_id}. */

export type DeadLetter = components['schemas']['DeadLetterView'];
export type DeadLetterStory = components['schemas']['DeadLetterStory'];

/** Below `queues`: what makes those stale, makes these stale. */
export function deadLettersKey(tenant: string) {
  return [...tenantKey(tenant), 'queues', 'dead-letters'] as const;
}

export function useDeadLetters(search: DeadLettersSearch) {
  const tenant = useTenant();
  return useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: [...deadLettersKey(tenant), 'list', search],
      queryFn: ({ pageParam, signal }) => {
        const query = { ...search, ...(pageParam === undefined ? {} : { cursor: pageParam }) };
        return read(apiOf(tenant).GET('/v1/dead-letters', { params: { query }, signal }));
      },
      initialPageParam: undefined as string | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
      placeholderData: keepPreviousData,
    }),
  );
}

export function useDeadLetter(id: string) {
  const tenant = useTenant();
  return useQuery(
    queryOptions({
      queryKey: [...deadLettersKey(tenant), 'one', id],
      queryFn: ({ signal }) =>
        read(
          apiOf(tenant).GET('/v1/dead-letters/{dead_letter_id}', {
            params: { path: { dead_letter_id: id } },
            signal,
          }),
        ),
    }),
  );
}
