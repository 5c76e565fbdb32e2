import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { tickText, type Clock } from './clock';
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
import { useHasRole, useTenant } from '@/shared/session/tenant';

type Event = Source['events'][number];

interface Seen {
  source: Source;
  clock: Clock;
}

/** The ticks that became runs; what was passed over is in the trail. */
export function Ticks({ source, clock }: Seen): ReactElement {
  const none = source.events.length === 0;
  const mayReadTrail = useHasRole('auditor', 'admin', 'holding');
  return (
    <Section
      title="Last ticks"
      description={mayReadTrail ? <PassedOver source={source} /> : undefined}
      flush={!none}
    >
      {none ? (
        <p className="text-sm text-muted">None yet. The first stands here once it was sent.</p>
      ) : (
        <TickTable source={source} clock={clock} />
      )}
    </Section>
  );
}

function TickTable({ source, clock }: Seen): ReactElement {
  return (
    <Table aria-label="Ticks" className="text-sm">
      <TableHead>
        <tr>
          <TableHeader>Tick</TableHeader>
          <TableHeader className="max-sm:hidden">Sent</TableHeader>
          <TableHeader>Run is</TableHeader>
          <TableHeader>Run</TableHeader>
        </tr>
      </TableHead>
      <TableBody>
        {source.events.map((event) => (
          <TickRow key={event.id} event={event} zone={clock.zone} />
        ))}
      </TableBody>
    </Table>
  );
}

function TickRow({ event, zone }: { event: Event; zone: string }): ReactElement {
  const tenant = useTenant();
  return (
    <TableRow>
      <TableCell className="tabular">{tickText(event.event ?? event.received_at, zone)}</TableCell>
      <TableCell className="max-sm:hidden">
        <Time value={event.received_at} />
      </TableCell>
      <TableCell>
        <EventStatus status={event.status} />
      </TableCell>
      <TableCell>
        <RunLink tenant={tenant} run={event.id} />
      </TableCell>
    </TableRow>
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
