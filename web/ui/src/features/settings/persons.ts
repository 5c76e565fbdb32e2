import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { apiOf, read, readWithEtag } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/persons; POST …/remove and …/restore. */

export type PersonLine = components['schemas']['PersonLine'];

export interface PersonsSearch {
  q?: string;
  removed?: 'yes';
}

export function usePersons({ q, removed }: PersonsSearch) {
  const tenant = useTenant();
  return useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: [...tenantKey(tenant), 'persons', 'list', q, removed],
      queryFn: ({ pageParam, signal }) => {
        const query = {
          removed: removed === 'yes',
          ...(q === undefined ? {} : { q }),
          ...(pageParam === undefined ? {} : { cursor: pageParam }),
        };
        return read(apiOf(tenant).GET('/v1/persons', { params: { query }, signal }));
      },
      initialPageParam: undefined as string | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
      placeholderData: keepPreviousData,
    }),
  );
}

/** What stands to their name is read first: it has the ETag the change names. */
export function useChangePerson() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({
      id,
      change,
      heir,
    }: {
      id: string;
      change: 'remove' | 'restore';
      heir?: string | undefined;
    }) => {
      const api = apiOf(tenant);
      const path = { person_id: id };
      const { etag } = await readWithEtag(api.GET('/v1/persons/{person_id}', { params: { path } }));
      const params = { path, header: { 'If-Match': etag } };
      return change === 'restore'
        ? read(api.POST('/v1/persons/{person_id}/restore', { params }))
        : read(
            api.POST('/v1/persons/{person_id}/remove', {
              params,
              body: heir === undefined ? {} : { heir },
            }),
          );
    },
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: [...tenantKey(tenant), 'persons'] }),
  });
}

const sessionsKey = (tenant: string, person: string) =>
  [...tenantKey(tenant), 'persons', 'sessions', person] as const;

/** GET and DELETE /v1/persons/{person_id}/sessions: for admins. */
export function useSessionsOf(person: string) {
  const tenant = useTenant();
  return useQuery(
    queryOptions({
      queryKey: sessionsKey(tenant, person),
      queryFn: ({ signal }) =>
        read(
          apiOf(tenant).GET('/v1/persons/{person_id}/sessions', {
            params: { path: { person_id: person } },
            signal,
          }),
        ),
    }),
  );
}

export function useEndSessionsOf(person: string) {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      apiOf(tenant).DELETE('/v1/persons/{person_id}/sessions', {
        params: { path: { person_id: person } },
      }),
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: sessionsKey(tenant, person) }),
  });
}
