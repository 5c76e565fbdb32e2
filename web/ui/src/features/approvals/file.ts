import { queryOptions, useQuery } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/approvals/{id}/files: a file of the bundle, and its difference to the last approved. */
export function fileQuery(tenant: string, id: string, path: string) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'approvals', 'one', id, 'file', path],
    queryFn: ({ signal }) =>
      read(
        apiOf(tenant).GET('/v1/approvals/{approval_id}/files', {
          params: { path: { approval_id: id }, query: { path } },
          signal,
        }),
      ),
  });
}

export function useFile(id: string, path: string) {
  return useQuery(fileQuery(useTenant(), id, path));
}
