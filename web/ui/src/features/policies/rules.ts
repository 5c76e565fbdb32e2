import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { apiOf, read, readWithEtag } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { compact } from '@/shared/search/params';
import { useTenant } from '@/shared/session/tenant';

/** Approval rules. They are under `policies`, whose live events tell of them too. */

export type RuleLine = components['schemas']['RuleLine'];
export type RuleWords = Record<string, unknown>;

const key = (tenant: string) => [...tenantKey(tenant), 'policies', 'rules'] as const;

export function useRules() {
  const tenant = useTenant();
  return useInfiniteQuery({
    queryKey: [...key(tenant), 'list'],
    queryFn: async ({ pageParam, signal }) => {
      const query = compact({ cursor: pageParam });
      const page = await read(
        apiOf(tenant).GET('/v1/approval-rules', { params: { query }, signal }),
      );
      return { ...page, items: page.items.map((each) => ({ ...each, id: each.name })) };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

export function useRule(name: string) {
  const tenant = useTenant();
  return useQuery({
    queryKey: [...key(tenant), 'one', name],
    queryFn: ({ signal }) =>
      readWithEtag(
        apiOf(tenant).GET('/v1/approval-rules/{rule}', {
          params: { path: { rule: name } },
          signal,
        }),
      ),
  });
}

export function useSaveRule() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ name, rule, etag }: { name: string; rule: RuleWords; etag?: string }) =>
      etag === undefined
        ? read(apiOf(tenant).POST('/v1/approval-rules', { body: { name, rule } }))
        : read(
            apiOf(tenant).POST('/v1/approval-rules/{rule}/versions', {
              params: { path: { rule: name }, header: { 'If-Match': etag } },
              body: { rule },
            }),
          ),
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: key(tenant) }),
  });
}

export function useRemoveRule(name: string) {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (etag: string) =>
      read(
        apiOf(tenant).DELETE('/v1/approval-rules/{rule}', {
          params: { path: { rule: name }, header: { 'If-Match': etag } },
        }),
      ),
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: key(tenant) }),
  });
}
