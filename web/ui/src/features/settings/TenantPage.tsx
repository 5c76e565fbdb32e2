import { Gauge } from 'lucide-react';
import type { ReactElement } from 'react';
import { SettingsTabs } from './SettingsTabs';
import { limitIn, useLimitTenant, useThisTenant } from './tenant';
import { CopyableId } from '@/shared/components/copyable-id';
import { Fact, Facts } from '@/shared/components/facts';
import { FormDialog } from '@/shared/components/form-dialog';
import { TextField } from '@/shared/components/form-field';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Button } from '@/shared/components/ui/button';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { useMe } from '@/shared/session/me';
import { rateText } from '@/shared/tenants/rate';
import type { Tenant } from '@/shared/tenants/tenants';

const MOST = 10_000_000;

interface Seen {
  tenant: Tenant;
  etag: string;
}

export function TenantPage(): ReactElement {
  const { data, error, refetch } = useThisTenant();
  return (
    <Page title="Tenant" description="What it is, and how much may be sent to it" narrow>
      <SettingsTabs />
      {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined ? (
        error === null && <SkeletonLines lines={8} />
      ) : (
        <div className="space-y-4">
          <About tenant={data.data} />
          <Sending tenant={data.data} etag={data.etag} />
        </div>
      )}
    </Page>
  );
}

function About({ tenant }: { tenant: Tenant }): ReactElement {
  return (
    <Section title={tenant.name}>
      <Facts>
        <Fact name="Short name">
          <code>{tenant.tenant}</code>
        </Fact>
        <Fact name="Kind">{tenant.kind}</Fact>
        <Fact name="Opened">
          <Time value={tenant.created_at} />
        </Fact>
        {tenant.closed_at !== null && (
          <Fact name="Closed">
            <Time value={tenant.closed_at} />
          </Fact>
        )}
        <Fact name="Id">
          <CopyableId value={tenant.id} label="tenant’s id" />
        </Fact>
      </Facts>
    </Section>
  );
}

function Sending({ tenant, etag }: Seen): ReactElement {
  const { holding } = useMe();
  const open = tenant.kind === 'subsidiary' && tenant.closed_at === null;
  return (
    <Section
      title="What may be sent to it"
      description="By all of its senders together. What a single source may send stands on the source’s page."
      actions={holding && open && <Limit tenant={tenant} etag={etag} />}
    >
      <Facts>
        <Fact name="Requests">
          {tenant.rate === null ? 'As the edge limits each tenant' : rateText(tenant.rate)}
          {!holding && <span className="block text-muted">The holding’s admins change it.</span>}
        </Fact>
      </Facts>
    </Section>
  );
}

function Limit({ tenant, etag }: Seen): ReactElement {
  const limit = useLimitTenant();
  return (
    <FormDialog
      trigger={
        <Button size="small" aria-label="Change the limit">
          <Gauge aria-hidden />
          Change
        </Button>
      }
      title={`What may be sent to ${tenant.name}`}
      description="It counts within a minute. Beyond it senders are answered 429 and told when to try again; the tenant’s trail says who changed it."
      confirm="Save"
      onSubmit={async (form) => {
        await limit.mutateAsync({ rate: limitIn(form), etag });
        return null;
      }}
    >
      <TextField
        label="Requests a minute"
        name="per_minute"
        type="number"
        min={1}
        max={MOST}
        defaultValue={tenant.rate?.per_minute}
        help="Left empty, as the edge limits each tenant."
      />
      <TextField
        label="Requests at once"
        name="burst"
        type="number"
        min={1}
        max={MOST}
        defaultValue={tenant.rate?.burst}
        help="Left empty, a minute’s worth."
      />
    </FormDialog>
  );
}
