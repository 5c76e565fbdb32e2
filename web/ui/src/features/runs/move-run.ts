import { useMutation, useQueryClient } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import { useTenant } from '@/shared/session/tenant';

/** POST /v1/runs/{run_id}/cancel and /replay; neither is done before the server says so. */

function useMove(id: string, path: '/v1/runs/{run_id}/cancel' | '/v1/runs/{run_id}/replay') {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => read(apiOf(tenant).POST(path, { params: { path: { run_id: id } } })),
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: [...tenantKey(tenant), 'runs'] }),
  });
}

export function useCancelRun(id: string) {
  return useMove(id, '/v1/runs/{run_id}/cancel');
}

export function useReplayRun(id: string) {
  return useMove(id, '/v1/runs/{run_id}/replay');
}
