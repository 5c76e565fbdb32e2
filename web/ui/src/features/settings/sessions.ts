import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, read } from '@/shared/api/client';
import type { components } from '@/shared/api/schema';

/** GET and DELETE /v1/sessions: my own browsers, whatever the tenant. */

export type Session = components['schemas']['SessionView'];

const KEY = ['me', 'sessions'] as const;

export function useSessions() {
  return useQuery(
    queryOptions({
      queryKey: KEY,
      queryFn: ({ signal }) => read(api.GET('/v1/sessions', { signal })),
    }),
  );
}

/** One of them by its id; all others without one. */
export function useEndSessions() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string | undefined) =>
      id === undefined
        ? api.DELETE('/v1/sessions')
        : api.DELETE('/v1/sessions/{session_id}', { params: { path: { session_id: id } } }),
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: KEY }),
  });
}
