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

/** /v1/credentials: what gateways put into agents' requests. Values go in, and never come out. */

export type Credential = components['schemas']['CredentialView'];

function key(tenant: string) {
  return [...tenantKey(tenant), 'credentials'] as const;
}

export function useCredentials() {
  const tenant = useTenant();
  return useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: key(tenant),
      queryFn: ({ pageParam, signal }) => {
        const query = pageParam === undefined ? {} : { cursor: pageParam };
        return read(apiOf(tenant).GET('/v1/credentials', { params: { query }, signal }));
      },
      initialPageParam: undefined as string | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
    }),
  );
}

interface Saved {
  /** The one whose value is replaced; a new one without. */
  seen: Pick<Credential, 'name' | 'etag'> | undefined;
  name: string;
  header: string;
  value: string;
}

export function useSaveCredential() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ seen, name, header, value }: Saved) => {
      const api = apiOf(tenant);
      if (seen === undefined) {
        return read(api.POST('/v1/credentials', { body: { name, header, value } }));
      }
      return read(
        api.PUT('/v1/credentials/{credential}', { params: of(seen), body: { header, value } }),
      );
    },
    meta: { showsErrors: true },
    // What was typed is a secret: nothing of it is kept once it was sent.
    gcTime: 0,
    onSettled: () => client.invalidateQueries({ queryKey: key(tenant) }),
  });
}

export function useRemoveCredential() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (seen: Pick<Credential, 'name' | 'etag'>) =>
      read(apiOf(tenant).DELETE('/v1/credentials/{credential}', { params: of(seen) })),
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: key(tenant) }),
  });
}

function of({ name, etag }: Pick<Credential, 'name' | 'etag'>) {
  return { path: { credential: name }, header: { 'If-Match': etag } };
}
