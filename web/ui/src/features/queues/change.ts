import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { QueueName } from './queues';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import { useTenant } from '@/shared/session/tenant';

/** POST /v1/queues/{queue}/pause, resume, drain; PUT /v1/queues/{queue}/scale. */

export type Change = 'pause' | 'resume' | 'drain';

interface Order {
  queue: QueueName;
  reason: string;
}

function useFresh(): () => Promise<void> {
  const client = useQueryClient();
  const tenant = useTenant();
  return () => client.invalidateQueries({ queryKey: [...tenantKey(tenant), 'queues'] });
}

export function useChangeQueue() {
  const api = apiOf(useTenant());
  return useMutation({
    mutationFn: ({ queue, change, reason }: Order & { change: Change }) => {
      const request = { params: { path: { queue } }, body: { reason } };
      if (change === 'pause') return read(api.POST('/v1/queues/{queue}/pause', request));
      if (change === 'drain') return read(api.POST('/v1/queues/{queue}/drain', request));
      return read(api.POST('/v1/queues/{queue}/resume', request));
    },
    meta: { showsErrors: true },
    onSuccess: useFresh(),
  });
}

export function useScaleQueue() {
  const api = apiOf(useTenant());
  return useMutation({
    mutationFn: ({ queue, processes, reason, etag }: Order & { processes: number; etag: string }) =>
      read(
        api.PUT('/v1/queues/{queue}/scale', {
          params: { path: { queue }, header: { 'If-Match': `"${etag}"` } },
          body: { processes, reason },
        }),
      ),
    meta: { showsErrors: true },
    onSettled: useFresh(),
  });
}
