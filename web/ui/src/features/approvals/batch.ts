import { useMutation, useQueryClient } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** POST /v1/approvals/decisions: one answer to several alike questions, each by its digest. */

export type BatchOutcome = components['schemas']['BatchItem'];

export function useDecideAlike() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: components['schemas']['BatchBody']) =>
      read(apiOf(tenant).POST('/v1/approvals/decisions', { body })),
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: [...tenantKey(tenant), 'approvals'] }),
  });
}
