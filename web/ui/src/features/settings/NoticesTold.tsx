import { MailQuestion } from 'lucide-react';
import type { ReactElement } from 'react';
import { useNotices, type Notice } from './channels';
import { eventLabel, STATUSES } from './notice-words';
import { columnsOf, DataTable } from '@/shared/components/data-table';
import { EmptyState } from '@/shared/components/empty-state';
import { RunLink } from '@/shared/components/run-link';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { useTenant } from '@/shared/session/tenant';

const column = columnsOf<Notice>();

const columns = column.columns([
  column.accessor('status', {
    header: 'Status',
    cell: ({ getValue }) => {
      const { tone, label } = STATUSES[getValue()];
      return <Badge tone={tone}>{label}</Badge>;
    },
  }),
  column.accessor('event', {
    header: 'Of what',
    cell: ({ row }) => (
      <span className="text-sm">
        {eventLabel(row.original.event)}
        {row.original.last_error !== null && (
          <span className="block max-w-md break-words text-muted">{row.original.last_error}</span>
        )}
      </span>
    ),
  }),
  column.accessor('channel', { header: 'Channel', meta: { className: 'max-sm:hidden' } }),
  column.accessor('run_id', {
    header: 'Run',
    meta: { className: 'max-md:hidden' },
    cell: ({ getValue }) => <Run id={getValue()} />,
  }),
  column.accessor('created_at', {
    header: 'When',
    cell: ({ getValue }) => <Time value={getValue()} className="text-sm" />,
  }),
]);

function Run({ id }: { id: string | null }): ReactElement {
  const tenant = useTenant();
  return id === null ? <></> : <RunLink tenant={tenant} run={id} />;
}

export function NoticesTold(): ReactElement {
  const query = useNotices();
  return (
    <div className="space-y-2">
      <h2 className="text-base">Last notices</h2>
      <DataTable
        label="Last notices"
        columns={columns}
        query={query}
        empty={
          <EmptyState icon={MailQuestion} title="Nothing was told yet">
            Test a channel to see whether it arrives.
          </EmptyState>
        }
      />
    </div>
  );
}
