import { useMutation, useQueryClient } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import { useTenant } from '@/shared/session/tenant';

/** POST /v1/approvals/{id}/withdraw: one's vote, while nothing is decided. */
export function useWithdraw() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      read(
        apiOf(tenant).POST('/v1/approvals/{approval_id}/withdraw', {
          params: { path: { approval_id: id } },
        }),
      ),
    onSettled: () => client.invalidateQueries({ queryKey: [...tenantKey(tenant), 'approvals'] }),
  });
}
