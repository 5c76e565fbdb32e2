import { useMutation, useQueryClient, type QueryClient } from '@tanstack/react-query';
import type { SchemeName, Settings } from './schemes';
import { sourcesKey } from './sources';
import { apiOf, read } from '@/shared/api/client';
import { useTenant } from '@/shared/session/tenant';

/** What changes a source: each names the ETag of what the person saw. */

export interface Edit {
  id: string;
  etag: string;
}

interface NewSource {
  name: string;
  assistant: string;
  scheme: SchemeName;
  settings: Settings;
  secret?: string;
}

export function request({ id, etag }: Edit) {
  return { params: { path: { source_id: id }, header: { 'If-Match': etag } } };
}

export function fresh(client: QueryClient, tenant: string): Promise<void> {
  return client.invalidateQueries({ queryKey: sourcesKey(tenant) });
}

export function useCreateSource() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewSource) => read(apiOf(tenant).POST('/v1/sources', { body })),
    meta: { showsErrors: true },
    onSuccess: () => fresh(client, tenant),
  });
}

export function useRotateSecret() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({
      overlapSeconds,
      secret,
      ...edit
    }: Edit & { overlapSeconds: number; secret: string }) =>
      read(
        apiOf(tenant).POST('/v1/sources/{source_id}/secrets', {
          ...request(edit),
          body: { overlap_seconds: overlapSeconds, ...(secret === '' ? {} : { secret }) },
        }),
      ),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function useExpireSecret() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, etag, secret }: Edit & { secret: string }) =>
      read(
        apiOf(tenant).DELETE('/v1/sources/{source_id}/secrets/{secret_id}', {
          params: {
            path: { source_id: id, secret_id: secret },
            header: { 'If-Match': etag },
          },
        }),
      ),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function useChangeSettings() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ settings, ...edit }: Edit & { settings: Settings }) =>
      read(
        apiOf(tenant).PUT('/v1/sources/{source_id}/settings', {
          ...request(edit),
          body: { settings },
        }),
      ),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function useLetUnsigned() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ reason, ...edit }: Edit & { reason: string }) =>
      read(
        apiOf(tenant).PUT('/v1/sources/{source_id}/unsigned', {
          ...request(edit),
          body: { reason },
        }),
      ),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function useRefuseUnsigned() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (edit: Edit) =>
      read(apiOf(tenant).DELETE('/v1/sources/{source_id}/unsigned', request(edit))),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function useSwitchSource() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ on, ...edit }: Edit & { on: boolean }) =>
      on
        ? read(apiOf(tenant).POST('/v1/sources/{source_id}/activate', request(edit)))
        : read(apiOf(tenant).POST('/v1/sources/{source_id}/deactivate', request(edit))),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function useRemoveSource() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (edit: Edit) =>
      read(apiOf(tenant).DELETE('/v1/sources/{source_id}', request(edit))),
    meta: { showsErrors: true },
    onError: () => fresh(client, tenant),
    // Not the one that is gone: its page is left.
    onSuccess: () => client.invalidateQueries({ queryKey: [...sourcesKey(tenant), 'list'] }),
  });
}
