import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/queues/history: how they stood. */

export type History = components['schemas']['HistoryView'];

const FRESH_MS = 15_000;

export function historyQuery(tenant: string, minutes: number) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'queue-history', minutes],
    queryFn: ({ signal }) =>
      read(apiOf(tenant).GET('/v1/queues/history', { params: { query: { minutes } }, signal })),
    refetchInterval: FRESH_MS,
    placeholderData: keepPreviousData,
  });
}

export function useHistory(minutes: number) {
  return useQuery(historyQuery(useTenant(), minutes));
}
