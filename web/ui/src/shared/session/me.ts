import { queryOptions, useSuspenseQuery } from '@tanstack/react-query';
import { csrfTokenFrom } from './sign-in';
import { api, read } from '@/shared/api/client';
import { queryClient } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';

export type Me = components['schemas']['MeView'];
export type Role = 'operator' | 'admin' | 'approver' | 'auditor' | 'break-glass' | 'holding';

const KEPT_MS = 5 * 60_000;

export function fetchMe(signal?: AbortSignal): Promise<Me> {
  return read(api.GET('/v1/me', { signal: signal ?? null }));
}

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => fetchMe(signal),
  staleTime: KEPT_MS,
});

/** Who is signed in: asked once, then known. */
export function askMe(): Promise<Me> {
  return queryClient.query({ ...meQuery, staleTime: 'static' });
}

csrfTokenFrom({
  known: async () => (await askMe()).csrf_token ?? undefined,
  fresh: async () => {
    const before = await askMe();
    const now = await queryClient.query({ ...meQuery, staleTime: 0 });
    // Somebody else signed in meanwhile: what this page shows, and was told to do, is not theirs.
    if (now.subject !== before.subject) location.reload();
    return now.subject === before.subject ? (now.csrf_token ?? undefined) : undefined;
  },
});

/** Who is signed in; the router has asked before any page is shown. */
export function useMe(): Me {
  return useSuspenseQuery(meQuery).data;
}

/** What the person is in a tenant; the holding's people also while a visit of theirs lasts. */
export function rolesIn(me: Me, tenant: string): readonly string[] {
  const own = me.tenants.find((each) => each.tenant === tenant)?.roles ?? [];
  const looks = me.holding ? ['holding'] : [];
  const visits = visitIn(me, tenant) === undefined ? [] : ['admin', 'operator'];
  return [...new Set([...own, ...looks, ...visits])].sort();
}

/** The visit during which one of the holding acts in a tenant. */
export function visitIn(me: Me, tenant: string): Me['visits'][number] | undefined {
  return me.visits.find((each) => each.tenant === tenant && Date.parse(each.until) > Date.now());
}
