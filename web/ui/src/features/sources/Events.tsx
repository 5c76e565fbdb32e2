import type { ReactElement } from 'react';
import { EventStatus } from './EventStatus';
import type { Source } from './sources';
import { ListSection } from '@/shared/components/list-section';
import { RunLink } from '@/shared/components/run-link';
import { Time } from '@/shared/components/time';
import { TableCell } from '@/shared/components/ui/table';
import { useTenant } from '@/shared/session/tenant';

const COLUMNS = [
  { header: 'Received' },
  { header: 'Run is' },
  { header: 'Run' },
  { header: 'Its sender’s id', className: 'max-sm:hidden' },
] as const;

/** What came last, and what became of it. */
export function Events({ source }: { source: Source }): ReactElement {
  const tenant = useTenant();
  return (
    <ListSection
      title="Last events"
      label="Events"
      columns={COLUMNS}
      rows={source.events}
      empty="None yet. Send one with the sample to see whether it arrives."
      cells={(event) => (
        <>
          <TableCell>
            <Time value={event.received_at} />
          </TableCell>
          <TableCell>
            <EventStatus status={event.status} />
          </TableCell>
          <TableCell>
            <RunLink tenant={tenant} run={event.id} />
          </TableCell>
          <TableCell className="max-w-48 truncate text-muted max-sm:hidden">
            {event.event ?? ''}
          </TableCell>
        </>
      )}
    />
  );
}
