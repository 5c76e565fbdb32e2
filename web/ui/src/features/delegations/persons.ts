import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/persons: people one may lend a vote to, by a part of their name. */

export type Person = components['schemas']['PersonLine'];
const SHOWN = 20;

export function personsQuery(tenant: string, part: string) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'persons', 'search', part],
    queryFn: ({ signal }) =>
      read(
        apiOf(tenant).GET('/v1/persons', {
          params: { query: { limit: SHOWN, ...(part === '' ? {} : { q: part }) } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

export function usePersons(part: string) {
  return useQuery(personsQuery(useTenant(), part));
}
