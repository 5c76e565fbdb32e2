import { useMutation, useQueryClient } from '@tanstack/react-query';
import { deadLettersKey } from './dead-letters';
import type { DeadLettersSearch } from './search';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** POST /v1/dead-letters/{dead_letter_id}/replay and /discard; the same for many, by filter. */

export type Way = 'replay' | 'discard';
type Many = components['schemas']['ManyView'];
type ManyBody = components['schemas']['ManyBody'];

/** What became of many, call after call. */
export interface Passed {
  done: number;
  skipped: Record<string, number>;
  left: number;
}

const AT_ONCE = 50;

export function useLookAfter() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, way, reason }: { id: string; way: Way; reason: string }) => {
      const request = { params: { path: { dead_letter_id: id } }, body: { reason } };
      const api = apiOf(tenant);
      return way === 'replay'
        ? read(api.POST('/v1/dead-letters/{dead_letter_id}/replay', request))
        : read(api.POST('/v1/dead-letters/{dead_letter_id}/discard', request));
    },
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: [...tenantKey(tenant), 'queues'] }),
  });
}

/** All that fit the filters, a few a call, telling how far it is. */
export function useLookAfterMany() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({
      way,
      search,
      reason,
      onProgress,
    }: {
      way: Way;
      search: DeadLettersSearch;
      reason: string;
      onProgress: (progress: Passed) => void;
    }) => {
      const { state: _, ...filters } = search;
      let progress: Passed = { done: 0, skipped: {}, left: 0 };
      let cursor: string | null = null;
      do {
        const body: ManyBody = { ...filters, reason, limit: AT_ONCE, cursor };
        const answer: Many = await send(tenant, way, body);
        progress = added(progress, answer);
        onProgress(progress);
        cursor = answer.next;
      } while (cursor !== null);
      return progress;
    },
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: deadLettersKey(tenant) }),
  });
}

function send(tenant: string, way: Way, body: ManyBody): Promise<Many> {
  const api = apiOf(tenant);
  return way === 'replay'
    ? read(api.POST('/v1/dead-letters/replay', { body }))
    : read(api.POST('/v1/dead-letters/discard', { body }));
}

export function added(before: Passed, answer: Many): Passed {
  const skipped = { ...before.skipped };
  for (const { reason, count } of answer.skipped) {
    skipped[reason] = (skipped[reason] ?? 0) + count;
  }
  return { done: before.done + answer.done, skipped, left: answer.left };
}
