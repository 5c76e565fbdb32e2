import { queryOptions, useQuery } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import { useTenant } from '@/shared/session/tenant';

const MOST = 100;

/** GET /v1/targets: those that can lend a callback their secret, by name, with their address. */
export function useTargetNames() {
  const tenant = useTenant();
  return useQuery(
    queryOptions({
      queryKey: [...tenantKey(tenant), 'targets', 'names'],
      queryFn: async ({ signal }) => {
        const query = { limit: MOST };
        const page = await read(apiOf(tenant).GET('/v1/targets', { params: { query }, signal }));
        return page.items.map(({ name, url }) => ({ name, url }));
      },
    }),
  );
}
