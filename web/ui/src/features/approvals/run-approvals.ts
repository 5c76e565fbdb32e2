import { queryOptions, useQuery } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/runs/{id}, for the questions that were asked about a run. */
export function runApprovalsQuery(tenant: string, run: string) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'approvals', 'of-run', run],
    queryFn: async ({ signal }) => {
      const found = await read(
        apiOf(tenant).GET('/v1/runs/{run_id}', { params: { path: { run_id: run } }, signal }),
      );
      return found.approvals;
    },
  });
}

export function useRunApprovals(run: string) {
  return useQuery(runApprovalsQuery(useTenant(), run));
}
