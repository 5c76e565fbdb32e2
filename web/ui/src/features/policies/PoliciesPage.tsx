import { getRouteApi, Link } from '@tanstack/react-router';
import { Plus, Scale } from 'lucide-react';
import type { ReactElement } from 'react';
import { usePolicies, type PolicyLine } from './policies';
import { RulesTab } from './RulesTab';
import { columnsOf, DataTable } from '@/shared/components/data-table';
import { Digest } from '@/shared/components/digest';
import { EmptyState } from '@/shared/components/empty-state';
import { Page } from '@/shared/components/page';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { Tabs, TabsContent, TabsList, TabsTrigger } from '@/shared/components/ui/tabs';
import { ROW_LINK, useRowKeys } from '@/shared/keyboard/row-keys';
import { useHasRole, useTenant } from '@/shared/session/tenant';

const route = getRouteApi('/t/$tenant/policies');
type Row = PolicyLine & { id: string };
const column = columnsOf<Row>();

const columns = column.columns([
  column.accessor('version', {
    header: 'Version',
    cell: ({ row }) => <RowLink policy={row.original} />,
  }),
  column.accessor('author', {
    header: 'Written by',
    cell: ({ getValue }) => <span className="text-sm">{getValue().name}</span>,
  }),
  column.accessor('created_at', {
    header: 'Written',
    meta: { className: 'max-sm:hidden' },
    cell: ({ getValue }) => <Time value={getValue()} className="text-sm text-muted" />,
  }),
  column.accessor('activated_at', {
    header: 'Activated',
    cell: ({ getValue }) => {
      const at = getValue();
      return at === null ? (
        <span className="text-sm text-muted">never</span>
      ) : (
        <Time value={at} className="text-sm" />
      );
    },
  }),
  column.accessor('tests_count', {
    header: 'Tests',
    meta: { className: 'max-md:hidden' },
  }),
  column.accessor('digest', {
    header: 'Digest',
    meta: { className: 'max-lg:hidden' },
    cell: ({ getValue }) => (
      <span className="relative z-10">
        <Digest value={getValue()} />
      </span>
    ),
  }),
]);

/** Who may ask what, and when people decide. */
export function PoliciesPage(): ReactElement {
  const { tab = 'versions' } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page
      title="Policies"
      description="What may run, what waits for people, and who they are"
      actions={<NewVersion />}
    >
      <Tabs
        value={tab}
        onValueChange={(value) =>
          void navigate({ search: value === 'rules' ? { tab: value } : {}, replace: true })
        }
      >
        <TabsList aria-label="Policies and rules">
          <TabsTrigger value="versions">Versions</TabsTrigger>
          <TabsTrigger value="rules">Approval rules</TabsTrigger>
        </TabsList>
        <TabsContent value="versions">
          <Versions />
        </TabsContent>
        <TabsContent value="rules">
          <RulesTab />
        </TabsContent>
      </Tabs>
    </Page>
  );
}

function NewVersion(): ReactElement | null {
  const tenant = useTenant();
  if (!useHasRole('operator', 'admin')) return null;
  return (
    <Button asChild variant="primary">
      <Link to="/t/$tenant/policies/edit" params={{ tenant }}>
        <Plus aria-hidden />
        New version
      </Link>
    </Button>
  );
}

function Versions(): ReactElement {
  const query = usePolicies();
  useRowKeys('Policies');
  const pages = query.data?.pages.map((page) => ({
    items: page.items.map((each) => ({ ...each, id: String(each.version) })),
  }));
  return (
    <DataTable
      label="Policy versions"
      columns={columns}
      query={{ ...query, data: pages === undefined ? undefined : { pages } }}
      empty={
        <EmptyState icon={Scale} title="No policy yet">
          Until a version is in force everything is denied. Write one, and let somebody else
          activate it.
        </EmptyState>
      }
    />
  );
}

function RowLink({ policy }: { policy: PolicyLine }): ReactElement {
  const tenant = useTenant();
  return (
    <span className="inline-flex flex-wrap items-center gap-2">
      <Link
        data-row
        to="/t/$tenant/policies/$version"
        params={{ tenant, version: String(policy.version) }}
        className={ROW_LINK}
      >
        Version {policy.version}
      </Link>
      {policy.in_force && <Badge tone="ok">in force</Badge>}
    </span>
  );
}
