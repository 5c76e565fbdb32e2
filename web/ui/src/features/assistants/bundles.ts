import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import { useTenant } from '@/shared/session/tenant';
import { toBase64 } from '@/shared/text/base64';

/** Bundles: those there are, one with its files, a file, a diff, and pushing one. */

const key = (tenant: string) => [...tenantKey(tenant), 'assistants', 'bundles'] as const;

export function useBundles() {
  const tenant = useTenant();
  return useQuery({
    queryKey: [...key(tenant), 'list'],
    queryFn: ({ signal }) =>
      read(apiOf(tenant).GET('/v1/bundles', { params: { query: { limit: 100 } }, signal })),
  });
}

export function useTargetNames(): readonly string[] {
  const tenant = useTenant();
  const query = useQuery({
    queryKey: [...tenantKey(tenant), 'targets', 'names'],
    queryFn: ({ signal }) =>
      read(apiOf(tenant).GET('/v1/targets', { params: { query: { limit: 100 } }, signal })),
  });
  return query.data?.items.map((each) => each.name) ?? [];
}

export function useBundle(digest: string) {
  const tenant = useTenant();
  return useQuery({
    queryKey: [...key(tenant), 'one', digest],
    queryFn: ({ signal }) =>
      read(
        apiOf(tenant).GET('/v1/bundles/{bundle}', { params: { path: { bundle: digest } }, signal }),
      ),
  });
}

export function useBundleFile(digest: string, path: string) {
  const tenant = useTenant();
  return useQuery({
    queryKey: [...key(tenant), 'file', digest, path],
    queryFn: ({ signal }) =>
      read(
        apiOf(tenant).GET('/v1/bundles/{bundle}/file', {
          params: { path: { bundle: digest }, query: { path } },
          signal,
        }),
      ),
  });
}

export function useBundleDiff(digest: string, against: string) {
  const tenant = useTenant();
  return useQuery({
    queryKey: [...key(tenant), 'diff', digest, against],
    queryFn: ({ signal }) =>
      read(
        apiOf(tenant).GET('/v1/bundles/{bundle}/diff', {
          params: { path: { bundle: digest }, query: { against } },
          signal,
        }),
      ),
  });
}

export function usePushBundle() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ file, signature }: { file: Blob; signature: Blob | null }) =>
      read(
        apiOf(tenant).POST('/v1/bundles', {
          // The packed bytes themselves, as the server takes them.
          body: file as unknown as string,
          bodySerializer: (body: unknown) => body as BodyInit,
          headers: {
            'Content-Type': 'application/gzip',
            ...(signature !== null && {
              'AWGP-Bundle-Signature': toBase64(new Uint8Array(await signature.arrayBuffer())),
            }),
          },
        }),
      ),
    meta: { showsErrors: true },
    onSuccess: () => client.invalidateQueries({ queryKey: key(tenant) }),
  });
}
