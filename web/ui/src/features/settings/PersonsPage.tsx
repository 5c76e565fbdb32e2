import { getRouteApi } from '@tanstack/react-router';
import { Users } from 'lucide-react';
import type { ReactElement } from 'react';
import { PersonActions } from './PersonActions';
import { usePersons, type PersonLine } from './persons';
import { SettingsTabs } from './SettingsTabs';
import { columnsOf, DataTable } from '@/shared/components/data-table';
import { EmptyState } from '@/shared/components/empty-state';
import { FilterBar, FilterSelect } from '@/shared/components/filter-bar';
import { FilterText } from '@/shared/components/filter-text';
import { Page } from '@/shared/components/page';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { compact } from '@/shared/search/params';
import { useTenant } from '@/shared/session/tenant';
import { VisitsSection } from '@/shared/tenants/VisitsSection';

const route = getRouteApi('/t/$tenant/settings/persons');
const column = columnsOf<PersonLine>();

const columns = column.columns([
  column.accessor('name', {
    header: 'Person',
    cell: ({ row }) => (
      <span className="flex flex-col">
        <span className="font-medium">{row.original.name}</span>
        <span className="text-sm break-all text-muted">{row.original.email}</span>
      </span>
    ),
  }),
  column.accessor('kind', {
    header: 'Is a',
    meta: { className: 'max-md:hidden' },
    cell: ({ getValue }) => (
      <span className="text-sm text-muted">{getValue() === 'human' ? 'person' : 'machine'}</span>
    ),
  }),
  column.accessor('groups', {
    header: 'Votes count for',
    meta: { className: 'max-md:hidden' },
    cell: ({ getValue }) => (
      <span className="flex flex-wrap gap-1">
        {getValue().map((group) => (
          <Badge key={group}>{group}</Badge>
        ))}
      </span>
    ),
  }),
  column.accessor('seen_at', {
    header: 'Last seen',
    meta: { className: 'max-sm:hidden' },
    cell: ({ getValue }) => {
      const at = getValue();
      return at === null ? (
        <span className="text-sm text-muted">never</span>
      ) : (
        <Time value={at} className="text-sm" />
      );
    },
  }),
  column.display({
    id: 'act',
    header: () => <span className="sr-only">What can be done</span>,
    cell: ({ row }) => <PersonActions person={row.original} />,
  }),
]);

const REMOVED = [{ value: 'yes', label: 'Removed' }] as const;

export function PersonsPage(): ReactElement {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = usePersons(search);
  const tenant = useTenant();
  const filtered = Object.keys(search).length > 0;
  return (
    <Page title="Persons" description="Who was ever seen in this tenant">
      <SettingsTabs />
      <FilterBar
        label="Filter persons"
        active={filtered}
        onClear={() => void navigate({ search: {} })}
      >
        <FilterText
          label="Name or address contains"
          value={search.q}
          onChange={(q) =>
            void navigate({ search: (old) => compact({ ...old, q }), replace: true })
          }
        />
        <FilterSelect
          label="Show"
          none="Those who may act"
          value={search.removed}
          options={REMOVED}
          onChange={(removed) =>
            void navigate({ search: (old) => compact({ ...old, removed }), replace: true })
          }
        />
      </FilterBar>
      <DataTable
        label="Persons"
        columns={columns}
        query={query}
        empty={
          <EmptyState icon={Users} title="Nobody">
            {filtered
              ? 'Nobody fits the filters. Clear them to see the others.'
              : 'People appear when they first sign in. Their groups are kept by the identity provider.'}
          </EmptyState>
        }
      />
      <div className="mt-6">
        <VisitsSection tenant={tenant} />
      </div>
    </Page>
  );
}
