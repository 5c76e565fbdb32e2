import { useMutation, useQueryClient } from '@tanstack/react-query';
import { dropEmergency, keepEmergency } from './draft';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** POST /v1/approvals/{id}/break-glass: approve alone; a review is open until another closes it. */
export function useBreakGlass(id: string, onApproved: () => void) {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: components['schemas']['BreakGlassBody']) =>
      read(
        apiOf(tenant).POST('/v1/approvals/{approval_id}/break-glass', {
          params: { path: { approval_id: id } },
          body,
        }),
      ),
    meta: { showsErrors: true },
    onMutate: ({ digest, reason }) => {
      keepEmergency(id, { digest, reason });
    },
    onSuccess: onApproved,
    onSettled: () => {
      dropEmergency(id); // not reached by who was sent to sign in again
      void client.invalidateQueries({ queryKey: [...tenantKey(tenant), 'approvals'] });
    },
  });
}
