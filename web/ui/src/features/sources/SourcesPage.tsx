import { getRouteApi, Link } from '@tanstack/react-router';
import { CalendarClock, Radio } from 'lucide-react';
import type { ReactElement } from 'react';
import { ActiveBadge } from './ActiveBadge';
import { CreateSchedule } from './CreateSchedule';
import { CreateSource } from './CreateSource';
import { YES_NO } from './search';
import { useSources, type SourceLine } from './sources';
import { columnsOf, DataTable } from '@/shared/components/data-table';
import { EmptyState } from '@/shared/components/empty-state';
import { FilterBar, FilterSelect } from '@/shared/components/filter-bar';
import { FilterText } from '@/shared/components/filter-text';
import { Page } from '@/shared/components/page';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { compact } from '@/shared/search/params';
import { useHasRole, useTenant } from '@/shared/session/tenant';

const route = getRouteApi('/t/$tenant/sources');
const column = columnsOf<SourceLine>();

const columns = column.columns([
  column.accessor('name', {
    header: 'Source',
    cell: ({ row }) => <SourceLink source={row.original} />,
  }),
  column.accessor('active', {
    header: 'State',
    cell: ({ row }) => <ActiveBadge active={row.original.active} kind={row.original.kind} />,
  }),
  column.accessor('assistant', {
    header: 'Assistant',
    meta: { className: 'max-sm:hidden' },
    cell: ({ getValue }) => getValue().name,
  }),
  column.accessor('owner', {
    header: 'Answers for it',
    meta: { className: 'max-md:hidden' },
    cell: ({ getValue }) => <span className="text-sm text-muted">{getValue().name}</span>,
  }),
  column.accessor('last_event_at', {
    header: 'Last event',
    cell: ({ getValue }) => <Moment value={getValue()} none="none yet" />,
  }),
  column.accessor('refused', {
    header: 'Turned away',
    meta: { className: 'max-md:hidden tabular' },
    cell: ({ getValue }) =>
      getValue() === 0 ? '0' : <span className="font-medium text-bad">{getValue()}</span>,
  }),
  column.accessor('live_secrets', {
    header: 'Live secrets',
    meta: { className: 'max-lg:hidden tabular' },
    cell: ({ row, getValue }) => (row.original.kind === 'cron' ? 'needs none' : getValue()),
  }),
]);

function SourceLink({ source }: { source: SourceLine }): ReactElement {
  const tenant = useTenant();
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      <Link
        to="/t/$tenant/sources/$source"
        params={{ tenant, source: source.id }}
        className="inline-flex min-h-6 items-center font-medium wrap-anywhere text-accent hover:underline"
      >
        {source.name}
      </Link>
      {source.kind === 'cron' && (
        <Badge>
          <CalendarClock aria-hidden />
          Schedule
        </Badge>
      )}
    </span>
  );
}

function Moment({ value, none }: { value: string | null; none: string }): ReactElement {
  if (value === null) return <span className="text-sm text-muted">{none}</span>;
  return <Time value={value} className="text-sm" />;
}

export function SourcesPage(): ReactElement {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useSources(search);
  const isAdmin = useHasRole('admin');
  const filtered = Object.keys(search).length > 0;
  return (
    <Page
      title="Sources"
      description="Who sends events: by an address and secrets of its own, or by the clock"
      actions={
        isAdmin && (
          <>
            <CreateSchedule />
            <CreateSource />
          </>
        )
      }
    >
      <FilterBar
        label="Filter sources"
        active={filtered}
        onClear={() => void navigate({ search: {} })}
      >
        <FilterText
          label="Name contains"
          value={search.q}
          onChange={(q) =>
            void navigate({ search: (old) => compact({ ...old, q }), replace: true })
          }
        />
        <FilterSelect
          label="Active"
          value={search.active}
          options={YES_NO.map((value) => ({ value, label: value === 'yes' ? 'Yes' : 'No' }))}
          onChange={(active) =>
            void navigate({ search: (old) => compact({ ...old, active }), replace: true })
          }
        />
      </FilterBar>
      <DataTable
        label="Sources"
        columns={columns}
        query={query}
        empty={
          <EmptyState icon={Radio} title={filtered ? 'No source fits' : 'No source yet'}>
            {filtered
              ? 'Clear the filters to see the others.'
              : isAdmin
                ? 'Make one, give its secret to the sender, and its events become runs.'
                : 'An admin of the tenant can make one.'}
          </EmptyState>
        }
      />
    </Page>
  );
}
