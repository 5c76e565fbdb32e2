import { getRouteApi, Link } from '@tanstack/react-router';
import { Send } from 'lucide-react';
import type { ReactElement } from 'react';
import { CreateTarget } from './CreateTarget';
import { HealthBadge } from './HealthBadge';
import { useTargets, type TargetLine } from './targets';
import { columnsOf, DataTable } from '@/shared/components/data-table';
import { EmptyState } from '@/shared/components/empty-state';
import { FilterBar } from '@/shared/components/filter-bar';
import { FilterText } from '@/shared/components/filter-text';
import { Page } from '@/shared/components/page';
import { Time } from '@/shared/components/time';
import { compact } from '@/shared/search/params';
import { useHasRole, useTenant } from '@/shared/session/tenant';

const route = getRouteApi('/t/$tenant/targets');
const column = columnsOf<TargetLine>();

const columns = column.columns([
  column.accessor('name', {
    header: 'Target',
    cell: ({ getValue }) => <TargetLink name={getValue()} />,
  }),
  column.accessor('health', {
    header: 'Health',
    cell: ({ row }) => <HealthBadge target={row.original} />,
  }),
  column.accessor('url', {
    header: 'Address',
    meta: { className: 'max-md:hidden' },
    cell: ({ getValue }) => <code className="text-sm break-all text-muted">{getValue()}</code>,
  }),
  column.accessor('assistants', {
    header: 'Delivers for',
    meta: { className: 'max-lg:hidden' },
    cell: ({ getValue }) => (
      <span className="text-sm text-muted">{getValue().join(', ') || 'no assistant'}</span>
    ),
  }),
  column.accessor('version', {
    header: 'Version',
    meta: { className: 'max-lg:hidden tabular' },
  }),
  column.accessor('changed_at', {
    header: 'Changed',
    meta: { className: 'max-sm:hidden' },
    cell: ({ getValue }) => <Time value={getValue()} className="text-sm text-muted" />,
  }),
]);

function TargetLink({ name }: { name: string }): ReactElement {
  const tenant = useTenant();
  return (
    <Link
      to="/t/$tenant/targets/$target"
      params={{ tenant, target: name }}
      className="inline-flex min-h-6 items-center font-medium break-all text-accent hover:underline"
    >
      {name}
    </Link>
  );
}

export function TargetsPage(): ReactElement {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useTargets(search);
  const isAdmin = useHasRole('admin');
  const filtered = search.q !== undefined;
  return (
    <Page
      title="Targets"
      description="Where what agents leave is delivered to"
      actions={isAdmin && <CreateTarget />}
    >
      <FilterBar
        label="Filter targets"
        active={filtered}
        onClear={() => void navigate({ search: {} })}
      >
        <FilterText
          label="Name contains"
          value={search.q}
          onChange={(q) => void navigate({ search: compact({ q }), replace: true })}
        />
      </FilterBar>
      <DataTable
        label="Targets"
        columns={columns}
        query={query}
        empty={
          <EmptyState icon={Send} title={filtered ? 'No target fits' : 'No target yet'}>
            {filtered
              ? 'Clear the filter to see the others.'
              : isAdmin
                ? 'Make one, then let an assistant deliver to it.'
                : 'An admin of the tenant can make one.'}
          </EmptyState>
        }
      />
    </Page>
  );
}
