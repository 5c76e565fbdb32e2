import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, read } from '@/shared/api/client';
import { tenantsKey } from '@/shared/tenants/tenants';

/** POST /v1/tenants, POST /v1/tenants/{tenant}/close. */

export function useOpenTenant() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { slug: string; name: string }) => read(api.POST('/v1/tenants', { body })),
    meta: { showsErrors: true },
    onSuccess: () => client.invalidateQueries({ queryKey: tenantsKey }),
  });
}

export function useCloseTenant() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ tenant, confirm }: { tenant: string; confirm: string }) =>
      read(
        api.POST('/v1/tenants/{tenant}/close', { params: { path: { tenant } }, body: { confirm } }),
      ),
    meta: { showsErrors: true },
    onSuccess: () => client.invalidateQueries({ queryKey: tenantsKey }),
  });
}
