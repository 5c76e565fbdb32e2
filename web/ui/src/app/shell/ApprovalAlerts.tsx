import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useEffectEvent, useRef } from 'react';
import { alertFor, knownFrom, newOnes, type Known } from './alerts';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import { useNotificationState } from '@/shared/notifications/desktop';

const LOOKED_AT = 20;

/** Tells on the desktop of approvals that are new for me, whatever page is open. Opt-in. */
export function ApprovalAlerts({ tenant }: { tenant: string }): null {
  const on = useNotificationState() === 'on';
  const navigate = useNavigate();
  const known = useRef<Known>(undefined);
  const { data } = useQuery({
    queryKey: [...tenantKey(tenant), 'approvals', 'alerts'],
    queryFn: ({ signal }) =>
      read(
        apiOf(tenant).GET('/v1/approvals', {
          params: { query: { for: 'me', sort: 'newest', limit: LOOKED_AT } },
          signal,
        }),
      ),
    enabled: on,
  });
  const tell = useEffectEvent((page: NonNullable<typeof data>) => {
    const fresh = newOnes(known.current, page.items);
    known.current = knownFrom(known.current, page);
    const alert = alertFor(fresh);
    if (alert === undefined) return;
    const only = fresh.length === 1 ? fresh[0] : undefined;
    const told = new Notification(alert.title, { body: alert.body, tag: only?.id ?? tenant });
    told.onclick = () => {
      window.focus();
      told.close();
      void (only === undefined
        ? navigate({ to: '/t/$tenant/inbox', params: { tenant } })
        : navigate({
            to: '/t/$tenant/approvals/$approval',
            params: { tenant, approval: only.id },
          }));
    };
  });
  useEffect(() => {
    if (on && data !== undefined) tell(data);
  }, [on, data]);
  return null;
}
