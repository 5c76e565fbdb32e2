import { useMutation, useQueryClient } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import { useTenant } from '@/shared/session/tenant';

/** POST /v1/runs/{id}/cancel: nothing runs, and nothing is asked any more. */
export function useCancelRun(run: string) {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      read(apiOf(tenant).POST('/v1/runs/{run_id}/cancel', { params: { path: { run_id: run } } })),
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: tenantKey(tenant) }),
  });
}
