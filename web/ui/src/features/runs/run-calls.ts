import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/runs/{run_id}/calls: what an execution called through its gateway. */

export type GatewayCall = components['schemas']['GatewayCallView'];

export function useRunCalls(run: string, execution: string) {
  const tenant = useTenant();
  return useInfiniteQuery(
    infiniteQueryOptions({
      // Read again when the trail is sealed further: the calls are from there.
      queryKey: [...tenantKey(tenant), 'runs', 'trail', run, 'calls', execution],
      queryFn: ({ pageParam, signal }) =>
        read(
          apiOf(tenant).GET('/v1/runs/{run_id}/calls', {
            params: { path: { run_id: run }, query: { execution, after: pageParam } },
            signal,
          }),
        ),
      initialPageParam: 0,
      getNextPageParam: (page) => page.after ?? undefined,
    }),
  );
}
