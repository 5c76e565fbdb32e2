import { getRouteApi } from '@tanstack/react-router';
import { ListTree, LockKeyhole } from 'lucide-react';
import type { ReactElement } from 'react';
import { useRuns, type RunLine } from './runs';
import { columnsOf, DataTable } from '@/shared/components/data-table';
import { EmptyState } from '@/shared/components/empty-state';
import { FilterBar, FilterSelect } from '@/shared/components/filter-bar';
import { Page } from '@/shared/components/page';
import { RUN_STATUSES, StatusBadge, statusLabel } from '@/shared/components/status-badge';
import { Time } from '@/shared/components/time';
import { compact } from '@/shared/search/params';

const route = getRouteApi('/t/$tenant/runs');
const column = columnsOf<RunLine>();
const STATUS_OPTIONS = RUN_STATUSES.map((value) => ({ value, label: statusLabel(value) }));

const columns = column.columns([
  column.accessor('status', {
    header: 'Status',
    cell: ({ getValue }) => <StatusBadge status={getValue()} />,
  }),
  column.accessor('assistant', {
    header: 'Assistant',
    cell: ({ getValue }) => <span className="font-medium whitespace-nowrap">{getValue()}</span>,
  }),
  column.accessor('requester_name', {
    header: 'Asked by',
    meta: { className: 'max-md:hidden whitespace-nowrap' },
    cell: ({ getValue }) => <span className="text-sm text-muted">{getValue()}</span>,
  }),
  column.accessor('reason', {
    header: 'Reason',
    meta: { className: 'max-sm:hidden' },
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
  const filtered = search.status !== undefined;
  const clear = (): void => void navigate({ search: {} });
  return (
    <Page title="Runs" description="Every request, newest first">
      <FilterBar label="Filter runs" active={filtered} onClear={clear}>
        <FilterSelect
          label="Status"
          value={search.status}
          options={STATUS_OPTIONS}
          onChange={(status) => void navigate({ search: compact({ status }), replace: true })}
        />
      </FilterBar>
      <DataTable
        label="Runs"
        columns={columns}
        query={query}
        empty={
          <EmptyState icon={ListTree} title={filtered ? 'No run has this status' : 'No run yet'}>
            {filtered
              ? 'Clear the filter to see the others.'
              : 'A run begins when a source sends an event, or a person asks an assistant.'}
          </EmptyState>
        }
      />
    </Page>
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
