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

/** GET /v1/reviews and POST /v1/reviews/{id}/close: the look at what one person approved alone. */

export type Review = components['schemas']['ReviewView'];
export type ReviewVerdict = components['schemas']['ReviewBody']['verdict'];

export function reviewsQuery(tenant: string, status: 'open' | 'closed') {
  return infiniteQueryOptions({
    queryKey: [...tenantKey(tenant), 'approvals', 'reviews', status],
    queryFn: ({ pageParam, signal }) =>
      read(
        apiOf(tenant).GET('/v1/reviews', {
          params: {
            query: { status, ...(pageParam === undefined ? {} : { cursor: pageParam }) },
          },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

export function useReviews(status: 'open' | 'closed') {
  return useInfiniteQuery(reviewsQuery(useTenant(), status));
}

export function useCloseReview(id: string) {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: components['schemas']['ReviewBody']) =>
      read(
        apiOf(tenant).POST('/v1/reviews/{review_id}/close', {
          params: { path: { review_id: id } },
          body,
        }),
      ),
    meta: { showsErrors: true },
    onSettled: () =>
      client.invalidateQueries({ queryKey: [...tenantKey(tenant), 'approvals', 'reviews'] }),
  });
}
