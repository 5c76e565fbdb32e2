import { useNavigate } from '@tanstack/react-router';
import { Link } from '@tanstack/react-router';
import { Building2, DoorOpen } from 'lucide-react';
import type { ReactElement } from 'react';
import { CloseTenant, OpenTenant } from './TenantForms';
import { columnsOf, DataTable } from '@/shared/components/data-table';
import { EmptyState } from '@/shared/components/empty-state';
import { Page } from '@/shared/components/page';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { useMe, visitIn } from '@/shared/session/me';
import { useTenant } from '@/shared/session/tenant';
import { rateText } from '@/shared/tenants/rate';
import { useTenants, type Tenant } from '@/shared/tenants/tenants';
import { VisitDialog } from '@/shared/tenants/VisitDialog';
import { VisitsSection } from '@/shared/tenants/VisitsSection';

const column = columnsOf<Tenant>();

const columns = column.columns([
  column.accessor('tenant', {
    header: 'Tenant',
    cell: ({ row }) => <TenantLink tenant={row.original} />,
  }),
  column.accessor('kind', {
    header: 'Kind',
    meta: { className: 'max-lg:hidden' },
    cell: ({ getValue }) => <span className="text-sm text-muted">{getValue()}</span>,
  }),
  column.accessor('open_approvals', {
    header: 'Waiting',
    meta: { className: 'tabular text-right' },
  }),
  column.accessor('moving_runs', {
    header: 'Moving',
    meta: { className: 'tabular text-right max-sm:hidden' },
  }),
  column.accessor('dead_letters', {
    header: 'Dead',
    meta: { className: 'tabular text-right' },
    cell: ({ getValue }) =>
      getValue() === 0 ? '0' : <span className="font-medium text-bad">{getValue()}</span>,
  }),
  column.accessor('created_at', {
    header: 'Opened',
    meta: { className: 'max-md:hidden' },
    cell: ({ getValue }) => <Time value={getValue()} className="text-sm text-muted" />,
  }),
  column.display({
    id: 'act',
    header: () => <span className="sr-only">What can be done</span>,
    cell: ({ row }) => <Actions tenant={row.original} />,
  }),
]);

function TenantLink({ tenant }: { tenant: Tenant }): ReactElement {
  const closed = tenant.closed_at !== null;
  return (
    <span className="flex flex-col items-start">
      {closed ? (
        <span className="font-medium">{tenant.tenant}</span>
      ) : (
        <Link
          to="/t/$tenant/runs"
          params={{ tenant: tenant.tenant }}
          className="inline-flex min-h-6 items-center font-medium text-accent hover:underline"
        >
          {tenant.tenant}
        </Link>
      )}
      <span className="text-sm text-muted">{tenant.name}</span>
      {!closed && <Limit tenant={tenant} />}
      {closed && <Badge>closed</Badge>}
    </span>
  );
}

/** To where it is told, and changed. */
function Limit({ tenant }: { tenant: Tenant }): ReactElement {
  return (
    <Link
      to="/t/$tenant/settings/tenant"
      params={{ tenant: tenant.tenant }}
      className="inline-flex min-h-6 items-center text-sm text-muted hover:underline"
    >
      {tenant.rate === null ? 'No limit of its own' : `Takes ${rateText(tenant.rate)}`}
    </Link>
  );
}

function Actions({ tenant }: { tenant: Tenant }): ReactElement | null {
  const me = useMe();
  const navigate = useNavigate();
  if (!me.holding || tenant.closed_at !== null) return null;
  return (
    <div className="flex flex-wrap justify-end gap-2">
      {visitIn(me, tenant.tenant) === undefined ? (
        <VisitDialog
          tenant={tenant.tenant}
          onEntered={() =>
            void navigate({ to: '/t/$tenant/inbox', params: { tenant: tenant.tenant } })
          }
          trigger={
            <Button size="small" aria-label={`Act here: ${tenant.tenant}`}>
              <DoorOpen aria-hidden />
              Act here
            </Button>
          }
        />
      ) : (
        <Badge tone="wait">you act here</Badge>
      )}
      {tenant.kind === 'subsidiary' && <CloseTenant tenant={tenant} />}
    </div>
  );
}

export function TenantsPage(): ReactElement {
  const query = useTenants();
  const { holding } = useMe();
  const tenant = useTenant();
  return (
    <Page
      title="Tenants"
      description={holding ? 'Every subsidiary of the holding' : 'Those you belong to'}
      actions={holding && <OpenTenant />}
    >
      <div className="space-y-6">
        <DataTable
          label="Tenants"
          columns={columns}
          query={query}
          empty={
            <EmptyState icon={Building2} title="No tenant yet">
              {holding
                ? 'Open the first subsidiary.'
                : 'Ask an admin of your tenant to add you to one of its groups.'}
            </EmptyState>
          }
        />
        <VisitsSection tenant={tenant} />
      </div>
    </Page>
  );
}
