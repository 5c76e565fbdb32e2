import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { isProblem } from '@/shared/api/problem';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { compact } from '@/shared/search/params';
import { useTenant } from '@/shared/session/tenant';

/** Policy versions: list, one, the one in force, what is different, and putting one in force. */

type Schemas = components['schemas'];
export type PolicyLine = Schemas['PolicyLine'];
export type Policy = Schemas['PolicyView'];
export type PolicyBody = Schemas['PolicyBody'];
export type DryRun = Schemas['DryRunView'];
export type Explained = Schemas['Explained'];

const key = (tenant: string) => [...tenantKey(tenant), 'policies'] as const;

function policiesQuery(tenant: string) {
  return infiniteQueryOptions({
    queryKey: [...key(tenant), 'list'],
    queryFn: ({ pageParam, signal }) => {
      const query = compact({ cursor: pageParam });
      return read(apiOf(tenant).GET('/v1/policies', { params: { query }, signal }));
    },
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

export function usePolicies() {
  return useInfiniteQuery(policiesQuery(useTenant()));
}

export function usePolicy(version: number | undefined) {
  const tenant = useTenant();
  return useQuery({
    queryKey: [...key(tenant), 'one', version],
    enabled: version !== undefined,
    queryFn: ({ signal }) =>
      read(
        apiOf(tenant).GET('/v1/policies/{version}', {
          params: { path: { version: version ?? 0 } },
          signal,
        }),
      ),
  });
}

/** The version in force; null where there is none, and everything is denied. */
export function useActivePolicy() {
  const tenant = useTenant();
  return useQuery(
    queryOptions({
      queryKey: [...key(tenant), 'active'],
      queryFn: async ({ signal }): Promise<Policy | null> => {
        try {
          return await read(apiOf(tenant).GET('/v1/policies/active', { signal }));
        } catch (error) {
          if (isProblem(error) && error.status === 404) return null;
          throw error;
        }
      },
    }),
  );
}

export function useCreatePolicy() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: PolicyBody) => read(apiOf(tenant).POST('/v1/policies', { body })),
    meta: { showsErrors: true },
    onSuccess: () => client.invalidateQueries({ queryKey: key(tenant) }),
  });
}

export function useActivatePolicy(version: number) {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      read(
        apiOf(tenant).POST('/v1/policies/{version}/activate', { params: { path: { version } } }),
      ),
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: key(tenant) }),
  });
}

export function useDryRun(version: number) {
  const tenant = useTenant();
  return useMutation({
    mutationFn: (last: number) =>
      read(
        apiOf(tenant).POST('/v1/policies/{version}/dry-run', {
          params: { path: { version } },
          body: { last },
        }),
      ),
    meta: { showsErrors: true },
  });
}

export function useExplain() {
  const tenant = useTenant();
  return useMutation({
    mutationFn: (body: Schemas['ExplainBody']) =>
      read(apiOf(tenant).POST('/v1/policies/explain', { body })),
    meta: { showsErrors: true },
  });
}

/** What the server thinks of a set that nobody has kept yet. */
export function usePolicyCheck(body: PolicyBody | undefined) {
  const tenant = useTenant();
  return useQuery({
    queryKey: [...key(tenant), 'check', body],
    enabled: body !== undefined,
    staleTime: Infinity,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      read(apiOf(tenant).POST('/v1/policies/check', { body: body ?? { source: '' }, signal })),
  });
}

export function useAssistantNames(): readonly string[] {
  const tenant = useTenant();
  const query = useQuery({
    queryKey: [...tenantKey(tenant), 'assistants', 'names-alone'],
    queryFn: async ({ signal }) => {
      const page = await read(
        apiOf(tenant).GET('/v1/assistants', { params: { query: { limit: 100 } }, signal }),
      );
      return page.items.map((each) => each.name);
    },
  });
  return query.data ?? [];
}
