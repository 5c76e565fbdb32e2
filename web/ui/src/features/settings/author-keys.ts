import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** /v1/author-keys: whose signature counts for bundles. */

export type AuthorKey = components['schemas']['AuthorKeyLine'];

/** The noun of `author_key.changed`. */
function key(tenant: string) {
  return [...tenantKey(tenant), 'author_keys'] as const;
}

export function useAuthorKeys() {
  const tenant = useTenant();
  return useQuery(
    queryOptions({
      queryKey: key(tenant),
      queryFn: ({ signal }) => read(apiOf(tenant).GET('/v1/author-keys', { signal })),
    }),
  );
}

export function useAddAuthorKey() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (text: string) =>
      read(apiOf(tenant).POST('/v1/author-keys', { body: { key: text } })),
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: tenantKey(tenant) }),
  });
}

export function useRevokeAuthorKey() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, reason }: { id: string; reason: string }) =>
      read(
        apiOf(tenant).POST('/v1/author-keys/{key}/revoke', {
          params: { path: { key: id } },
          body: { reason },
        }),
      ),
    meta: { showsErrors: true },
    // Bundles and approvals show whose signature counts.
    onSettled: () => client.invalidateQueries({ queryKey: tenantKey(tenant) }),
  });
}
