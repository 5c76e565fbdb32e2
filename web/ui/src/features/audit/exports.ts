import {
  infiniteQueryOptions,
  useInfiniteQuery,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** GET and POST /v1/exports, and what can be downloaded. */

export type Export = components['schemas']['ExportView'];
export type Schedule = components['schemas']['ScheduleView'];

const FRESH_MS = 10_000;
const KEPT_MS = 60_000;

export function useExports() {
  const tenant = useTenant();
  return useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: [...tenantKey(tenant), 'exports'],
      queryFn: ({ pageParam, signal }) => {
        const query = pageParam === undefined ? {} : { cursor: pageParam };
        return read(apiOf(tenant).GET('/v1/exports', { params: { query }, signal }));
      },
      initialPageParam: undefined as number | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
      refetchInterval: FRESH_MS,
    }),
  );
}

export function useAskForExport() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => read(apiOf(tenant).POST('/v1/exports')),
    onSuccess: () => client.invalidateQueries({ queryKey: [...tenantKey(tenant), 'exports'] }),
  });
}

export type Wanted = { kind: 'trail' } | { kind: 'verifier' } | { kind: 'segment'; first: number };

/** A file to keep. Which tenant's it is, a header says: a plain link could not. */
export function useDownload() {
  const tenant = useTenant();
  return useMutation({
    mutationFn: async (wanted: Wanted) => {
      save(await fetchFile(tenant, wanted), nameOf(tenant, wanted));
    },
  });
}

function fetchFile(tenant: string, wanted: Wanted): Promise<Blob> {
  const api = apiOf(tenant);
  const parseAs = 'blob' as const;
  if (wanted.kind === 'trail') return read(api.GET('/v1/exports/trail/download', { parseAs }));
  if (wanted.kind === 'verifier') return read(api.GET('/v1/audit/verifier', { parseAs }));
  const params = { path: { first: wanted.first } };
  return read(api.GET('/v1/exports/{first}/download', { params, parseAs }));
}

function nameOf(tenant: string, wanted: Wanted): string {
  if (wanted.kind === 'verifier') return 'awgp_verify.py';
  return wanted.kind === 'trail' ? `${tenant}-trail.zip` : `${tenant}-${wanted.first}.zip`;
}

function save(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // Not every browser has begun to read it by now.
  setTimeout(() => {
    URL.revokeObjectURL(link.href);
  }, KEPT_MS);
}
