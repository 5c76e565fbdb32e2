import { getRouteApi, Link } from '@tanstack/react-router';
import { ListTree, LockKeyhole, MailWarning } from 'lucide-react';
import type { ReactElement } from 'react';
import { RunFilters } from './RunFilters';
import { useRuns, type RunLine } from './runs';
import { columnsOf, DataTable } from '@/shared/components/data-table';
import { EmptyState } from '@/shared/components/empty-state';
import { Page } from '@/shared/components/page';
import { StatusBadge } from '@/shared/components/status-badge';
import { Time } from '@/shared/components/time';
import { ROW_LINK, useRowKeys } from '@/shared/keyboard/row-keys';
import { useTenant } from '@/shared/session/tenant';

const route = getRouteApi('/t/$tenant/runs');
const column = columnsOf<RunLine>();

const columns = column.columns([
  column.accessor('status', {
    header: 'Status',
    cell: ({ row }) => (
      <span className="inline-flex flex-wrap gap-1">
        <StatusBadge status={row.original.status} />
        {row.original.has_dead_letter && <DeadMark />}
      </span>
    ),
  }),
  column.accessor('assistant', {
    header: 'Assistant',
    cell: ({ row }) => <RowLink run={row.original} />,
  }),
  column.accessor('requester_name', {
    header: 'Asked by',
    meta: { className: 'max-md:hidden whitespace-nowrap' },
    cell: ({ getValue }) => <span className="text-sm text-muted">{getValue()}</span>,
  }),
  column.accessor('reason', {
    header: 'Reason',
    meta: { className: 'max-lg:hidden' },
    cell: ({ getValue }) => <span className="text-sm text-muted">{getValue() ?? ''}</span>,
  }),
  column.accessor('received_at', {
    header: 'Received',
    cell: ({ getValue }) => <Time value={getValue()} className="text-sm" />,
  }),
  column.accessor('changed_at', {
    header: 'Changed',
    meta: { className: 'max-lg:hidden' },
    cell: ({ getValue }) => <Time value={getValue()} className="text-sm text-muted" />,
  }),
  column.accessor('sealed', {
    header: 'Sealed',
    meta: { className: 'max-md:hidden whitespace-nowrap' },
    cell: ({ getValue }) => <Sealed is={getValue()} />,
  }),
  column.accessor('id', {
    header: 'Run',
    meta: { className: 'max-lg:hidden' },
    cell: ({ getValue }) => (
      <code title={getValue()} className="text-muted">
        {getValue().slice(-12)}
      </code>
    ),
  }),
]);

export function RunsPage(): ReactElement {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useRuns(search);
  const filtered = Object.keys(search).length > 0;
  useRowKeys('Runs');
  return (
    <Page title="Runs" description="Every request, newest first">
      <RunFilters search={search} onChange={(to) => void navigate({ search: to, replace: true })} />
      <DataTable
        label="Runs"
        columns={columns}
        query={query}
        empty={
          <EmptyState icon={ListTree} title={filtered ? 'No run is like this' : 'No run yet'}>
            {filtered
              ? 'Clear a filter to see others.'
              : 'A run begins when a source sends an event, or a person asks an assistant.'}
          </EmptyState>
        }
      />
    </Page>
  );
}

function RowLink({ run }: { run: RunLine }): ReactElement {
  const tenant = useTenant();
  return (
    <Link
      data-row
      to="/t/$tenant/runs/$run"
      params={{ tenant, run: run.id }}
      className={`${ROW_LINK} break-words`}
    >
      {run.assistant}
      <span className="sr-only">, run {run.id.slice(-12)}</span>
    </Link>
  );
}

function DeadMark(): ReactElement {
  return (
    <span
      title="A dead letter waits"
      className="inline-flex items-center gap-1 text-xs font-medium text-bad"
    >
      <MailWarning aria-hidden className="size-3.5" />
      <span className="max-sm:sr-only">dead letter</span>
    </span>
  );
}

function Sealed({ is }: { is: boolean }): ReactElement {
  if (!is) return <span className="text-sm text-muted">not yet</span>;
  return (
    <span className="inline-flex items-center gap-1 text-sm text-muted">
      <LockKeyhole aria-hidden className="size-3.5" />
      sealed
    </span>
  );
}
