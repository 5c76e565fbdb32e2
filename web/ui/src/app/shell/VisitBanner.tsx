import { useQueryClient } from '@tanstack/react-query';
import { DoorOpen, Eye } from 'lucide-react';
import { useEffect, type ReactElement } from 'react';
import { Countdown } from '@/shared/components/time';
import { Button } from '@/shared/components/ui/button';
import { meQuery, useMe, visitIn } from '@/shared/session/me';
import { useTenant } from '@/shared/session/tenant';
import { useTenants } from '@/shared/tenants/tenants';
import { VisitDialog } from '@/shared/tenants/VisitDialog';
import { useEndVisit } from '@/shared/tenants/visits';

/** For the holding's people: whether they only look, or act here, and until when. */
export function VisitBanner(): ReactElement | null {
  const me = useMe();
  const tenant = useTenant();
  const visit = visitIn(me, tenant);
  if (visit !== undefined) return <Acting tenant={tenant} id={visit.id} until={visit.until} />;
  if (!me.holding) return null;
  return (
    <aside
      aria-label="Looking"
      className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-sunken px-4 py-1.5 text-sm md:px-6"
    >
      <Eye aria-hidden className="size-4 text-muted" />
      <Looking tenant={tenant} />
    </aside>
  );
}

function Looking({ tenant }: { tenant: string }): ReactElement {
  const known = useTenants().data?.pages.flatMap((page) => page.items);
  const isClosed = known?.some((each) => each.tenant === tenant && each.closed_at !== null);
  if (isClosed === true) {
    return (
      <span className="flex-1 text-muted">
        {tenant} is closed: what it did can be read, and nothing new begins in it.
      </span>
    );
  }
  return (
    <>
      <span className="flex-1 text-muted">
        You look into {tenant}. To change something of it, act here.
      </span>
      <VisitDialog tenant={tenant} trigger={<Button size="small">Act here…</Button>} />
    </>
  );
}

function Acting({
  tenant,
  id,
  until,
}: {
  tenant: string;
  id: string;
  until: string;
}): ReactElement {
  const end = useEndVisit();
  useAskAgainAt(until);
  return (
    <aside
      aria-label="Visit"
      className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-wait/40 bg-wait-soft px-4 py-1.5 text-sm text-wait md:px-6"
    >
      <DoorOpen aria-hidden className="size-4" />
      <span className="flex-1">
        You act in <strong>{tenant}</strong>, as operator and admin. Left:{' '}
        <Countdown until={until} urgentSeconds={60} />
      </span>
      <Button
        size="small"
        busy={end.isPending}
        onClick={() => {
          end.mutate({ tenant, visit: id });
        }}
      >
        End the visit
      </Button>
    </aside>
  );
}

/** When the visit is over, what one may do is another: ask who one is again. */
function useAskAgainAt(until: string): void {
  const client = useQueryClient();
  useEffect(() => {
    const timer = setTimeout(
      () => void client.invalidateQueries({ queryKey: meQuery.queryKey }),
      Math.max(0, Date.parse(until) - Date.now()),
    );
    return () => {
      clearTimeout(timer);
    };
  }, [client, until]);
}
