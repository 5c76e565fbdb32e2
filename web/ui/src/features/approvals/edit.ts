import { useMutation, useQueryClient } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** POST /v1/approvals/{id}/edit: another payload, asked anew. */

export type Edited = components['schemas']['EditedView'];

/** `onAsked` is heard even where the old question's page has changed by then. */
export function useEdit(id: string, onAsked: (asked: Edited) => void) {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: components['schemas']['EditBody']) =>
      read(
        apiOf(tenant).POST('/v1/approvals/{approval_id}/edit', {
          params: { path: { approval_id: id } },
          body,
        }),
      ),
    meta: { showsErrors: true },
    onSuccess: onAsked,
    onSettled: () => {
      void client.invalidateQueries({ queryKey: [...tenantKey(tenant), 'approvals'] });
    },
  });
}
