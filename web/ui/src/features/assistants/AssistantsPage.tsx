import { getRouteApi, Link } from '@tanstack/react-router';
import { Bot } from 'lucide-react';
import type { ReactElement } from 'react';
import { useAssistants, type AssistantLine } from './assistants';
import type { AssistantsSearch } from './search';
import { CreateAssistant } from './VersionForm';
import { columnsOf, DataTable } from '@/shared/components/data-table';
import { EmptyState } from '@/shared/components/empty-state';
import { FilterBar, FilterSelect } from '@/shared/components/filter-bar';
import { FilterText } from '@/shared/components/filter-text';
import { Page } from '@/shared/components/page';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { ROW_LINK, useRowKeys } from '@/shared/keyboard/row-keys';
import { compact } from '@/shared/search/params';
import { useHasRole, useTenant } from '@/shared/session/tenant';

const route = getRouteApi('/t/$tenant/assistants');
const column = columnsOf<AssistantLine>();
const SWITCHED = [
  { value: 'yes', label: 'On' },
  { value: 'no', label: 'Off' },
] as const;

const columns = column.columns([
  column.accessor('name', {
    header: 'Assistant',
    cell: ({ getValue }) => <RowLink name={getValue()} />,
  }),
  column.accessor('active', {
    header: 'Is',
    cell: ({ getValue }) => <SwitchBadge on={getValue()} />,
  }),
  column.accessor('bundle_name', {
    header: 'Bundle',
    meta: { className: 'max-sm:hidden' },
    cell: ({ row }) => (
      <span className="text-sm">
        {row.original.bundle_name} {row.original.bundle_version}
      </span>
    ),
  }),
  column.accessor('runtime', {
    header: 'Runtime',
    meta: { className: 'max-md:hidden' },
    cell: ({ getValue }) => <span className="text-sm text-muted">{getValue()}</span>,
  }),
  column.accessor('targets', {
    header: 'Targets',
    meta: { className: 'max-lg:hidden' },
    cell: ({ getValue }) => <span className="text-sm text-muted">{getValue().join(', ')}</span>,
  }),
  column.accessor('version', { header: 'Version', meta: { className: 'max-md:hidden' } }),
  column.accessor('changed_at', {
    header: 'Changed',
    cell: ({ getValue }) => <Time value={getValue()} className="text-sm text-muted" />,
  }),
]);

export function AssistantsPage(): ReactElement {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useAssistants(search);
  const administers = useHasRole('admin');
  useRowKeys('Assistants');
  const change = (to: AssistantsSearch): void => void navigate({ search: to, replace: true });
  return (
    <Page
      title="Assistants"
      description="What may be asked to work here, each in a sandbox of its own"
      actions={administers && <CreateAssistant />}
    >
      <FilterBar
        label="Filter assistants"
        active={Object.keys(search).length > 0}
        onClear={() => {
          change({});
        }}
      >
        <FilterText
          label="Name"
          value={search.q}
          onChange={(q) => {
            change(compact({ ...search, q }));
          }}
        />
        <FilterSelect
          label="Switched"
          value={search.active}
          options={SWITCHED}
          onChange={(active) => {
            change(compact({ ...search, active }));
          }}
        />
      </FilterBar>
      <DataTable
        label="Assistants"
        columns={columns}
        query={query}
        empty={
          <EmptyState icon={Bot} title="No assistant is like this">
            Push a bundle and add an assistant that runs it, here or with{' '}
            <code>awgp assistant add</code>.
          </EmptyState>
        }
      />
    </Page>
  );
}

function RowLink({ name }: { name: string }): ReactElement {
  const tenant = useTenant();
  return (
    <Link
      data-row
      to="/t/$tenant/assistants/$assistant"
      params={{ tenant, assistant: name }}
      className={ROW_LINK}
    >
      {name}
    </Link>
  );
}

export function SwitchBadge({ on }: { on: boolean }): ReactElement {
  return <Badge tone={on ? 'ok' : 'neutral'}>{on ? 'on' : 'off'}</Badge>;
}
