import { queryOptions, useQuery } from '@tanstack/react-query';
import { tellsYet } from './callback-words';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/runs/{run_id} */

export type Run = components['schemas']['RunView'];
export type RunStage = components['schemas']['RunStageView'];

const FRESH_MS = 5_000;

export function runQuery(tenant: string, id: string) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'runs', 'one', id],
    queryFn: ({ signal }) =>
      read(apiOf(tenant).GET('/v1/runs/{run_id}', { params: { path: { run_id: id } }, signal })),
  });
}

export function useRun(id: string) {
  return useQuery({
    ...runQuery(useTenant(), id),
    // That its sender was told is not announced as a change of it.
    refetchInterval: ({ state }) =>
      state.data !== undefined && tellsYet(state.data) ? FRESH_MS : false,
  });
}
