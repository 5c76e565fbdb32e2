import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, read } from '@/shared/api/client';
import { meQuery } from '@/shared/session/me';

/** POST and DELETE /v1/tenants/{tenant}/visits: the holding's people act in a tenant for a while. */

export function useBeginVisit() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({
      tenant,
      reason,
      minutes,
    }: {
      tenant: string;
      reason: string;
      minutes: number;
    }) =>
      read(
        api.POST('/v1/tenants/{tenant}/visits', {
          params: { path: { tenant } },
          body: { reason, minutes },
        }),
      ),
    meta: { showsErrors: true },
    onSuccess: () => client.invalidateQueries({ queryKey: meQuery.queryKey }),
  });
}

export function useEndVisit() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ tenant, visit }: { tenant: string; visit: string }) =>
      api.DELETE('/v1/tenants/{tenant}/visits/{visit_id}', {
        params: { path: { tenant, visit_id: visit } },
      }),
    onSettled: () => client.invalidateQueries({ queryKey: meQuery.queryKey }),
  });
}
