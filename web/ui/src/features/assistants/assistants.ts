import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { AssistantsSearch } from './search';
import { apiOf, read, readWithEtag } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { compact } from '@/shared/search/params';
import { useTenant } from '@/shared/session/tenant';

/** Assistants: list, one with its ETag, and what changes one. */

type Schemas = components['schemas'];
export type AssistantLine = Schemas['AssistantLine'];
export type Assistant = Schemas['AssistantView'];
export type AssistantVersion = Schemas['AssistantVersionView'];
export type VersionBody = Schemas['VersionBody'];

const key = (tenant: string) => [...tenantKey(tenant), 'assistants'] as const;

export function useAssistants(search: AssistantsSearch) {
  const tenant = useTenant();
  return useInfiniteQuery({
    queryKey: [...key(tenant), 'list', search],
    queryFn: ({ pageParam, signal }) => {
      const query = compact({
        cursor: pageParam,
        q: search.q,
        active: search.active === undefined ? undefined : search.active === 'yes',
      });
      return read(apiOf(tenant).GET('/v1/assistants', { params: { query }, signal }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

export function useAssistant(name: string) {
  const tenant = useTenant();
  return useQuery({
    queryKey: [...key(tenant), 'one', name],
    queryFn: ({ signal }) =>
      readWithEtag(
        apiOf(tenant).GET('/v1/assistants/{assistant}', {
          params: { path: { assistant: name } },
          signal,
        }),
      ),
  });
}

export function useSwitch(name: string, to: 'activate' | 'deactivate') {
  return useEdit((tenant, etag: string) =>
    read(
      apiOf(tenant).POST(`/v1/assistants/{assistant}/${to}`, {
        params: { path: { assistant: name }, header: { 'If-Match': etag } },
      }),
    ),
  );
}

export function useRestore(name: string, version: number) {
  return useEdit((tenant, etag: string) =>
    read(
      apiOf(tenant).POST('/v1/assistants/{assistant}/versions/{version}/restore', {
        params: { path: { assistant: name, version }, header: { 'If-Match': etag } },
      }),
    ),
  );
}

export function useNewVersion(name: string) {
  return useEdit((tenant, { etag, body }: { etag: string; body: VersionBody }) =>
    read(
      apiOf(tenant).POST('/v1/assistants/{assistant}/versions', {
        params: { path: { assistant: name }, header: { 'If-Match': etag } },
        body,
      }),
    ),
  );
}

export function useCreateAssistant() {
  return useEdit((tenant, body: Schemas['AssistantBody']) =>
    read(apiOf(tenant).POST('/v1/assistants', { body })),
  );
}

function useEdit<Input, Output>(edit: (tenant: string, input: Input) => Promise<Output>) {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: Input) => edit(tenant, input),
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: key(tenant) }),
  });
}
