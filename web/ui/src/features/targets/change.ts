import { useMutation, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { targetsKey } from './targets';
import { apiOf, read } from '@/shared/api/client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** What changes a target: each names the ETag of what the person saw. */

export type TargetSettings = components['schemas']['TargetSettingsBody'];
export type Preview = components['schemas']['PreviewView'];

interface Version {
  url: string;
  settings: TargetSettings;
  template: string;
  header_value?: string;
}

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
    mutationFn: (body: Version & { name: string }) =>
      read(apiOf(tenant).POST('/v1/targets', { body })),
    meta: { showsErrors: true },
    onSuccess: () => fresh(client, tenant),
  });
}

export function useNewVersion() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ name, etag, ...body }: Edit & Version) =>
      read(
        apiOf(tenant).POST('/v1/targets/{target}/versions', {
          ...request({ name, etag }),
          body,
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

export function useReplaceHeader() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ value, ...edit }: Edit & { value: string }) =>
      read(
        apiOf(tenant).POST('/v1/targets/{target}/header', {
          ...request(edit),
          body: value === '' ? {} : { header_value: value },
        }),
      ),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function useSwitchOff() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ reason, ...edit }: Edit & { reason: string }) =>
      read(
        apiOf(tenant).POST('/v1/targets/{target}/disable', { ...request(edit), body: { reason } }),
      ),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function useSwitchOn() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (edit: Edit) =>
      read(apiOf(tenant).POST('/v1/targets/{target}/enable', request(edit))),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function usePreview(name: string) {
  const tenant = useTenant();
  return useMutation({
    mutationFn: (body: TestOf) =>
      read(
        apiOf(tenant).POST('/v1/targets/{target}/preview', {
          params: { path: { target: name } },
          body,
        }),
      ),
    meta: { showsErrors: true },
  });
}

export function useSendTest(name: string) {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: TestOf) =>
      read(
        apiOf(tenant).POST('/v1/targets/{target}/test', {
          params: { path: { target: name } },
          body,
        }),
      ),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function usePreviewDraft() {
  const tenant = useTenant();
  return useMutation({
    mutationFn: (body: Version) => read(apiOf(tenant).POST('/v1/targets/preview', { body })),
    meta: { showsErrors: true },
  });
}

/** A run's id, or nothing for a sample. */
export interface TestOf {
  run?: string;
}
