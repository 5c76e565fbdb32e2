import { CircleCheck, CircleX, RotateCcw } from 'lucide-react';
import type { ReactElement } from 'react';
import { ReplayHere } from './ReplayHere';
import type { Target } from './targets';
import { DeliveryAnswer } from '@/shared/components/delivery-answer';
import { ListSection } from '@/shared/components/list-section';
import { RunLink } from '@/shared/components/run-link';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { TableCell } from '@/shared/components/ui/table';
import { useHasRole, useTenant } from '@/shared/session/tenant';

type Delivery = Target['deliveries'][number];

const OUTCOMES = {
  delivered: { tone: 'ok', icon: CircleCheck, label: 'Delivered' },
  retry: { tone: 'wait', icon: RotateCcw, label: 'Tries again' },
  refused: { tone: 'bad', icon: CircleX, label: 'Refused' },
} as const;

const COLUMNS = [
  { header: 'When' },
  { header: 'Outcome' },
  { header: 'Run' },
  { header: 'Try', className: 'max-sm:hidden' },
  { header: 'Took', className: 'max-sm:hidden' },
  { header: 'Answer', className: 'max-sm:hidden' },
  { header: 'What went wrong', className: 'max-md:hidden' },
] as const;

export function Deliveries({ target }: { target: Target }): ReactElement {
  const tenant = useTenant();
  const mayReplay = useHasRole('operator', 'admin');
  return (
    <ListSection
      title="Last deliveries"
      actions={mayReplay && <ReplayHere target={target.name} />}
      label="Deliveries"
      columns={COLUMNS}
      rows={target.deliveries}
      empty="Nothing was delivered to it yet. Let an assistant deliver to it."
      cells={(each) => (
        <>
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
        </>
      )}
    />
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
