import type { ReactElement } from 'react';
import type { Queue } from './queues';
import { QueueActions } from './QueueActions';
import { DOES, LABELS } from './words';
import { StateBadge } from './StateBadge';
import { Fact, Facts } from '@/shared/components/facts';
import { duration, Time } from '@/shared/components/time';
import { Sheet, SheetContent, SheetDescription, SheetTitle } from '@/shared/components/ui/sheet';
import {
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
} from '@/shared/components/ui/table';

const AN_ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

/** Everything about one queue, and for the holding what can be done with it. */
export function QueueSheet({
  queue,
  mayChange,
  onClose,
}: {
  queue: Queue;
  mayChange: boolean;
  onClose: () => void;
}): ReactElement {
  return (
    <Sheet
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <SheetContent className="space-y-4">
        <div className="pr-8">
          <SheetTitle className="text-lg">{LABELS[queue.queue]}</SheetTitle>
          <SheetDescription className="text-sm text-muted">{DOES[queue.queue]}</SheetDescription>
        </div>
        {mayChange ? (
          <QueueActions queue={queue} />
        ) : (
          <p className="rounded-md bg-sunken p-3 text-sm text-muted">
            All tenants share this queue. The holding&apos;s people pause and scale it; you see what
            of it is yours.
          </p>
        )}
        <Figures queue={queue} />
        {queue.tenants.length > 0 && <Shares queue={queue} />}
      </SheetContent>
    </Sheet>
  );
}

function Figures({ queue }: { queue: Queue }): ReactElement {
  return (
    <Facts>
      <Fact name="State">
        <StateBadge state={queue.state} />
        {queue.drain_left !== null && ` ${queue.drain_left} left to work off`}
      </Fact>
      <Fact name="Why">
        {queue.reason === '' ? 'nobody changed it' : queue.reason}
        {queue.reason !== '' && (
          <span className="block text-muted">
            <Time value={queue.changed_at} /> by {changedBy(queue)}
          </span>
        )}
      </Fact>
      <Fact name="Due now">{queue.depth}</Fact>
      <Fact name="Oldest">{oldest(queue)}</Fact>
      <Fact name="In flight">{queue.in_flight}</Fact>
      <Fact name="Retrying">{queue.retrying}</Fact>
      <Fact name="Dead letters">{queue.dead}</Fact>
      <Fact name="Processes">
        {queue.workers ?? 'nobody can say'}
        {queue.wanted !== null && (
          <span className="block text-muted">
            {queue.wanted.processes} wanted
            {queue.wanted.reason !== '' && `: ${queue.wanted.reason}`}
          </span>
        )}
      </Fact>
      {queue.rate !== null && <Fact name="Worked on">{queue.rate.toFixed(2)} a second</Fact>}
    </Facts>
  );
}

function Shares({ queue }: { queue: Queue }): ReactElement {
  return (
    <Table aria-label="Each tenant's share" className="text-sm">
      <TableHead>
        <tr>
          <TableHeader>Tenant</TableHeader>
          <TableHeader>Due</TableHeader>
          <TableHeader>In flight</TableHeader>
          <TableHeader>Dead</TableHeader>
        </tr>
      </TableHead>
      <TableBody>
        {queue.tenants.map((share) => (
          <TableRow key={share.tenant}>
            <TableCell>{share.tenant}</TableCell>
            <TableCell className="tabular">{share.depth}</TableCell>
            <TableCell className="tabular">{share.in_flight}</TableCell>
            <TableCell className="tabular">{share.dead}</TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}

/** A person has a name for the holding; for a tenant's people it is the holding that did it. */
function changedBy(queue: Queue): string {
  return queue.changed_by_name ?? (AN_ID.test(queue.changed_by) ? 'the holding' : queue.changed_by);
}

export function oldest(queue: Queue): string {
  return queue.oldest_seconds === null ? 'none waits' : duration(queue.oldest_seconds);
}
