import { useMutation, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { targetsKey } from './targets';
import { apiOf, read } from '@/shared/api/client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** What changes a target: each names the ETag of what the person saw. */

export type TargetSettings = components['schemas']['TargetSettingsBody'];

interface Edit {
  name: string;
  etag: string;
}

function request({ name, etag }: Edit) {
  return { params: { path: { target: name }, header: { 'If-Match': etag } } };
}

function fresh(client: QueryClient, tenant: string): Promise<void> {
  return client.invalidateQueries({ queryKey: targetsKey(tenant) });
}

export function useCreateTarget() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { name: string; url: string; settings: TargetSettings }) =>
      read(apiOf(tenant).POST('/v1/targets', { body })),
    meta: { showsErrors: true },
    onSuccess: () => fresh(client, tenant),
  });
}

export function useNewVersion() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ url, settings, ...edit }: Edit & { url: string; settings: TargetSettings }) =>
      read(
        apiOf(tenant).POST('/v1/targets/{target}/versions', {
          ...request(edit),
          body: { url, settings },
        }),
      ),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function useRotateTargetSecret() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (edit: Edit) =>
      read(apiOf(tenant).POST('/v1/targets/{target}/secret', request(edit))),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function useRemoveTarget() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (edit: Edit) => read(apiOf(tenant).DELETE('/v1/targets/{target}', request(edit))),
    meta: { showsErrors: true },
    onError: () => fresh(client, tenant),
    // Not the one that is gone: its page is left.
    onSuccess: () => client.invalidateQueries({ queryKey: [...targetsKey(tenant), 'list'] }),
  });
}
