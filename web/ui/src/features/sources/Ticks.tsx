import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { tickText, type Clock } from './clock';
import { EventStatus } from './EventStatus';
import type { Source } from './sources';
import { ListSection } from '@/shared/components/list-section';
import { RunLink } from '@/shared/components/run-link';
import { Time } from '@/shared/components/time';
import { TableCell } from '@/shared/components/ui/table';
import { useHasRole, useTenant } from '@/shared/session/tenant';

const COLUMNS = [
  { header: 'Tick' },
  { header: 'Sent', className: 'max-sm:hidden' },
  { header: 'Run is' },
  { header: 'Run' },
] as const;

/** The ticks that became runs; what was passed over is in the trail. */
export function Ticks({ source, clock }: { source: Source; clock: Clock }): ReactElement {
  const tenant = useTenant();
  const mayReadTrail = useHasRole('auditor', 'admin', 'holding');
  return (
    <ListSection
      title="Last ticks"
      description={mayReadTrail ? <PassedOver source={source} /> : undefined}
      label="Ticks"
      columns={COLUMNS}
      rows={source.events}
      empty="None yet. The first stands here once it was sent."
      cells={(event) => (
        <>
          <TableCell className="tabular">
            {tickText(event.event ?? event.received_at, clock.zone)}
          </TableCell>
          <TableCell className="max-sm:hidden">
            <Time value={event.received_at} />
          </TableCell>
          <TableCell>
            <EventStatus status={event.status} />
          </TableCell>
          <TableCell>
            <RunLink tenant={tenant} run={event.id} />
          </TableCell>
        </>
      )}
    />
  );
}

function PassedOver({ source }: { source: Source }): ReactElement {
  const tenant = useTenant();
  return (
    <Link
      to="/t/$tenant/audit"
      params={{ tenant }}
      search={{
        action: 'policy:tick:missed',
        resource_type: 'source',
        resource_id: source.id,
      }}
      className="inline-flex min-h-6 items-center text-accent hover:underline"
    >
      What was passed over
    </Link>
  );
}
