import { queryOptions, useQuery } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import { useTenant } from '@/shared/session/tenant';

const MOST = 100;

/** GET /v1/assistants: names to choose from when a source is made. */
export function useAssistantNames() {
  const tenant = useTenant();
  return useQuery(
    queryOptions({
      queryKey: [...tenantKey(tenant), 'assistants', 'names'],
      queryFn: async ({ signal }) => {
        const query = { active: true, limit: MOST };
        const page = await read(apiOf(tenant).GET('/v1/assistants', { params: { query }, signal }));
        return page.items.map((each) => each.name);
      },
    }),
  );
}
