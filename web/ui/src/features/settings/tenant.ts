import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, read, readWithEtag } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { textIn } from '@/shared/components/form-dialog';
import { InputFault } from '@/shared/components/input-fault';
import { useTenant } from '@/shared/session/tenant';
import { tenantsKey } from '@/shared/tenants/tenants';

/** GET /v1/tenants/{tenant}, PUT /v1/tenants/{tenant}/rate. */

type Limit = components['schemas']['LimitBody']['rate'];

const key = (tenant: string) => [...tenantKey(tenant), 'tenants', 'one'] as const;

export function useThisTenant() {
  const tenant = useTenant();
  return useQuery(
    queryOptions({
      queryKey: key(tenant),
      queryFn: ({ signal }) =>
        readWithEtag(api.GET('/v1/tenants/{tenant}', { params: { path: { tenant } }, signal })),
    }),
  );
}

export function useLimitTenant() {
  const client = useQueryClient();
  const tenant = useTenant();
  return useMutation({
    mutationFn: ({ rate, etag }: { rate: Limit; etag: string }) =>
      read(
        api.PUT('/v1/tenants/{tenant}/rate', {
          params: { path: { tenant }, header: { 'If-Match': etag } },
          body: { rate },
        }),
      ),
    meta: { showsErrors: true },
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: key(tenant) }),
        client.invalidateQueries({ queryKey: tenantsKey }),
      ]),
  });
}

/** What the form says; null where it is empty: as the edge limits each. */
export function limitIn(form: FormData): Limit {
  const minute = textIn(form, 'per_minute');
  const burst = textIn(form, 'burst');
  if (minute === '' && burst !== '') {
    throw new InputFault('Say how many requests a minute too, or leave out how many at once.');
  }
  if (minute === '') return null;
  return { per_minute: Number(minute), ...(burst === '' ? {} : { burst: Number(burst) }) };
}
