import { queryOptions, useQuery } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/queues: how every queue stands. */

export type Queue = components['schemas']['QueueView'];
export type QueueName = Queue['queue'];

const FRESH_MS = 5_000;

export function queuesQuery(tenant: string) {
  return queryOptions({
    queryKey: [...tenantKey(tenant), 'queues', 'now'],
    queryFn: ({ signal }) => read(apiOf(tenant).GET('/v1/queues', { signal })),
    // Work that moves is announced; time that passes (the oldest, the rate) is not.
    refetchInterval: FRESH_MS,
  });
}

export function useQueues() {
  return useQuery(queuesQuery(useTenant()));
}
