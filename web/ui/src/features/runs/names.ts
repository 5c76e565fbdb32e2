import { queryOptions, useQuery } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import { useTenant } from '@/shared/session/tenant';

/** The first hundred assistants and sources by name: what the list can be filtered by. */

const AT_MOST = 100;

interface Choice {
  value: string;
  label: string;
}

function assistantsQuery(tenant: string) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'assistants', 'names'],
    queryFn: async ({ signal }): Promise<Choice[]> => {
      const query = { limit: AT_MOST };
      const page = await read(apiOf(tenant).GET('/v1/assistants', { params: { query }, signal }));
      return page.items.map((each) => ({ value: each.name, label: each.name }));
    },
  });
}

function sourcesQuery(tenant: string) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'sources', 'names'],
    queryFn: async ({ signal }): Promise<Choice[]> => {
      const query = { limit: AT_MOST };
      const page = await read(apiOf(tenant).GET('/v1/sources', { params: { query }, signal }));
      return page.items.map((each) => ({ value: each.id, label: each.name }));
    },
  });
}

export function useAssistantNames(): readonly Choice[] {
  return useQuery(assistantsQuery(useTenant())).data ?? [];
}

export function useSourceNames(): readonly Choice[] {
  return useQuery(sourcesQuery(useTenant())).data ?? [];
}
