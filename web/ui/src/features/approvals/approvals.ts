import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import type { InboxTab } from './search';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components, paths } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/approvals: what waits for the caller, what is open, what was decided. */

export type ApprovalLine = components['schemas']['ApprovalLine'];
export type ListTab = Exclude<InboxTab, 'reviews'>;
type Query = NonNullable<paths['/v1/approvals']['get']['parameters']['query']>;

const ASKED: Record<ListTab, Query> = {
  mine: { for: 'me' },
  open: { status: ['open'], sort: 'expires' },
  decided: {
    status: ['approved', 'rejected', 'expired', 'cancelled', 'superseded'],
    sort: 'newest',
  },
};

export function approvalsQuery(tenant: string, tab: ListTab) {
  return infiniteQueryOptions({
    queryKey: [...tenantKey(tenant), 'approvals', 'list', tab],
    queryFn: ({ pageParam, signal }) =>
      read(
        apiOf(tenant).GET('/v1/approvals', {
          params: {
            query: { ...ASKED[tab], ...(pageParam === undefined ? {} : { cursor: pageParam }) },
          },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
  });
}

export function useApprovals(tab: ListTab) {
  return useInfiniteQuery(approvalsQuery(useTenant(), tab));
}
