import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { invalidateFor } from './events';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

/** A lent vote begins and ends by time, of which the server announces nothing. */

type Loan = Pick<components['schemas']['DelegationView'], 'starts_at' | 'ends_at'>;

const CLOCKS_DIFFER_MS = 1_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Whatever hangs on votes lent by or to oneself is fetched again as they begin and end. */
export function useLentVotes(): void {
  const tenant = useTenant();
  const client = useQueryClient();
  const { data } = useQuery({
    queryKey: [...tenantKey(tenant), 'delegations', 'moments'],
    queryFn: async ({ signal }) => {
      const query = { whose: 'mine', status: 'current', limit: 100 } as const;
      return (await read(apiOf(tenant).GET('/v1/delegations', { params: { query }, signal })))
        .items;
    },
  });
  useEffect(
    () =>
      atMoments(data ?? [], () => {
        invalidateFor(client, tenant, { kind: 'delegation.changed' });
      }),
    [data, client, tenant],
  );
}

/** Calls at each beginning and end that is still to come; returns what stops that. */
export function atMoments(loans: readonly Loan[], act: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = (): void => {
    const now = Date.now();
    const coming = loans
      .flatMap((each) => [Date.parse(each.starts_at), Date.parse(each.ends_at)])
      .map((moment) => moment + CLOCKS_DIFFER_MS)
      .filter((moment) => moment > now);
    if (coming.length === 0) return;
    const delay = Math.min(...coming) - now;
    timer = setTimeout(
      () => {
        if (delay <= LONGEST_TIMER_MS) act();
        wait();
      },
      Math.min(delay, LONGEST_TIMER_MS),
    );
  };
  wait();
  return () => {
    clearTimeout(timer);
  };
}
