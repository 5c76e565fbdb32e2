import type { ReactElement } from 'react';
import { EventStatus } from './EventStatus';
import type { Source } from './sources';
import { RunLink } from '@/shared/components/run-link';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import {
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
} from '@/shared/components/ui/table';
import { useTenant } from '@/shared/session/tenant';

/** What came last, and what became of it. */
export function Events({ source }: { source: Source }): ReactElement {
  const tenant = useTenant();
  return (
    <Section title="Last events" flush={source.events.length > 0}>
      {source.events.length === 0 ? (
        <p className="text-sm text-muted">
          None yet. Send one with the sample to see whether it arrives.
        </p>
      ) : (
        <Table aria-label="Events" className="text-sm">
          <TableHead>
            <tr>
              <TableHeader>Received</TableHeader>
              <TableHeader>Run is</TableHeader>
              <TableHeader>Run</TableHeader>
              <TableHeader className="max-sm:hidden">Its sender&apos;s id</TableHeader>
            </tr>
          </TableHead>
          <TableBody>
            {source.events.map((event) => (
              <TableRow key={event.id}>
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
              </TableRow>
            ))}
          </TableBody>
        </Table>
      )}
    </Section>
  );
}
