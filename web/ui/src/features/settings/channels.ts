import {
  infiniteQueryOptions,
  useInfiniteQuery,
  useMutation,
  useQueryClient,
  type QueryClient,
} from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** /v1/notice-channels and /v1/notices: who is told of what, and what became of it. */

export type Channel = components['schemas']['ChannelView'];
export type ChannelBody = components['schemas']['ChannelBody'];
export type Notice = components['schemas']['NoticeView'];

function key(tenant: string) {
  return [...tenantKey(tenant), 'notices'] as const;
}

function fresh(client: QueryClient, tenant: string): Promise<void> {
  return client.invalidateQueries({ queryKey: key(tenant) });
}

export function useChannels() {
  const tenant = useTenant();
  return useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: [...key(tenant), 'channels'],
      queryFn: ({ pageParam, signal }) => {
        const query = pageParam === undefined ? {} : { cursor: pageParam };
        return read(apiOf(tenant).GET('/v1/notice-channels', { params: { query }, signal }));
      },
      initialPageParam: undefined as string | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
    }),
  );
}

export function useNotices() {
  const tenant = useTenant();
  return useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: [...key(tenant), 'told'],
      queryFn: ({ pageParam, signal }) => {
        const query = { limit: 20, ...(pageParam === undefined ? {} : { cursor: pageParam }) };
        return read(apiOf(tenant).GET('/v1/notices', { params: { query }, signal }));
      },
      initialPageParam: undefined as string | undefined,
      getNextPageParam: (page) => page.next ?? undefined,
    }),
  );
}

/** One as it was seen: a change of what another changed meanwhile is refused. */
type Seen = Pick<Channel, 'id' | 'etag'>;

function of({ id, etag }: Seen) {
  return { path: { channel_id: id }, header: { 'If-Match': etag } };
}

export function useSaveChannel() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ seen, body }: { seen: Seen | undefined; body: ChannelBody }) => {
      const api = apiOf(tenant);
      if (seen === undefined) return read(api.POST('/v1/notice-channels', { body }));
      return read(api.PUT('/v1/notice-channels/{channel_id}', { params: of(seen), body }));
    },
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function useRemoveChannel() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (seen: Seen) =>
      read(apiOf(tenant).DELETE('/v1/notice-channels/{channel_id}', { params: of(seen) })),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function useTestChannel() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      read(
        apiOf(tenant).POST('/v1/notice-channels/{channel_id}/test', {
          params: { path: { channel_id: id } },
        }),
      ),
    onSettled: () => fresh(client, tenant),
  });
}
