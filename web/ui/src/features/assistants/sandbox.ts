import { queryOptions, useMutation, useQuery } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import { compact } from '@/shared/search/params';
import { useTenant } from '@/shared/session/tenant';

/** /v1/assistants/{assistant}/sandbox: asked, allowed, and what both say, in words. */

export function useSandbox(assistant: string, version?: number) {
  const tenant = useTenant();
  return useQuery(
    queryOptions({
      queryKey: [...tenantKey(tenant), 'assistants', 'sandbox', assistant, version ?? 'current'],
      queryFn: ({ signal }) =>
        read(
          apiOf(tenant).GET('/v1/assistants/{assistant}/sandbox', {
            params: { path: { assistant }, query: compact({ version }) },
            signal,
          }),
        ),
    }),
  );
}

/** What an allowance would come to; nothing changes. */
export function useTryAllowance(assistant: string) {
  const tenant = useTenant();
  return useMutation({
    mutationFn: (allow: Record<string, unknown>) =>
      read(
        apiOf(tenant).POST('/v1/assistants/{assistant}/sandbox/preview', {
          params: { path: { assistant } },
          body: { allow },
        }),
      ),
    meta: { showsErrors: true },
  });
}

/** Names of credentials rules may use. */
export function useCredentialNames(): readonly string[] {
  const tenant = useTenant();
  const query = useQuery(
    queryOptions({
      queryKey: [...tenantKey(tenant), 'credentials', 'names'],
      queryFn: ({ signal }) =>
        read(apiOf(tenant).GET('/v1/credentials', { params: { query: { limit: 100 } }, signal })),
    }),
  );
  return query.data?.items.map((each) => each.name) ?? [];
}
