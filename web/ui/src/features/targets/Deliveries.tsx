import { CircleCheck, CircleX, RotateCcw } from 'lucide-react';
import type { ReactElement } from 'react';
import { ReplayHere } from './ReplayHere';
import type { Target } from './targets';
import { DeliveryAnswer } from '@/shared/components/delivery-answer';
import { RunLink } from '@/shared/components/run-link';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import {
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
} from '@/shared/components/ui/table';
import { useHasRole, useTenant } from '@/shared/session/tenant';

type Delivery = Target['deliveries'][number];

const OUTCOMES = {
  delivered: { tone: 'ok', icon: CircleCheck, label: 'Delivered' },
  retry: { tone: 'wait', icon: RotateCcw, label: 'Tries again' },
  refused: { tone: 'bad', icon: CircleX, label: 'Refused' },
} as const;

export function Deliveries({ target }: { target: Target }): ReactElement {
  const tenant = useTenant();
  const mayReplay = useHasRole('operator', 'admin');
  const none = target.deliveries.length === 0;
  return (
    <Section
      title="Last deliveries"
      flush={!none}
      actions={!none && mayReplay && <ReplayHere target={target.name} />}
    >
      {none ? (
        <p className="text-sm text-muted">
          Nothing was delivered to it yet. Let an assistant deliver to it.
        </p>
      ) : (
        <Table aria-label="Deliveries" className="text-sm">
          <TableHead>
            <tr>
              <TableHeader>When</TableHeader>
              <TableHeader>Outcome</TableHeader>
              <TableHeader>Run</TableHeader>
              <TableHeader className="max-sm:hidden">Try</TableHeader>
              <TableHeader className="max-sm:hidden">Took</TableHeader>
              <TableHeader className="max-sm:hidden">Answer</TableHeader>
              <TableHeader className="max-md:hidden">What went wrong</TableHeader>
            </tr>
          </TableHead>
          <TableBody>
            {target.deliveries.map((each) => (
              <TableRow key={each.id}>
                <TableCell>
                  <Time value={each.attempted_at} />
                </TableCell>
                <TableCell>
                  <Outcome delivery={each} />
                </TableCell>
                <TableCell>
                  <RunLink tenant={tenant} run={each.run_id} />
                </TableCell>
                <TableCell className="tabular max-sm:hidden">
                  {each.attempt}
                  {each.replayed && <span className="text-muted"> again</span>}
                </TableCell>
                <TableCell className="tabular max-sm:hidden">{each.duration_ms} ms</TableCell>
                <TableCell className="max-sm:hidden">
                  {each.response_bytes !== null && each.response_bytes > 0 && (
                    <DeliveryAnswer id={each.id} bytes={each.response_bytes} />
                  )}
                </TableCell>
                <TableCell className="max-w-md break-words text-muted max-md:hidden">
                  {each.error ?? ''}
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      )}
    </Section>
  );
}

function Outcome({ delivery }: { delivery: Delivery }): ReactElement {
  const { tone, icon: Icon, label } = OUTCOMES[delivery.outcome];
  return (
    <Badge tone={tone}>
      <Icon aria-hidden />
      {label}
      {delivery.status_code !== null && ` ${delivery.status_code}`}
    </Badge>
  );
}
