import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/sandboxes: what every assistant may reach. */

export type SandboxLine = components['schemas']['SandboxLine'];

export function useSandboxes() {
  const tenant = useTenant();
  return useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: [...tenantKey(tenant), 'assistants', 'sandboxes'],
      queryFn: ({ pageParam, signal }) => {
        const query = pageParam === undefined ? {} : { cursor: pageParam };
        return read(apiOf(tenant).GET('/v1/sandboxes', { params: { query }, signal }));
      },
      initialPageParam: undefined as string | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
    }),
  );
}
