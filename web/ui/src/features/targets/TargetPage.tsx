import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { Deliveries } from './Deliveries';
import { HealthBadge } from './HealthBadge';
import { Standing } from './Standing';
import { TargetActions } from './TargetActions';
import { useTarget, type Target } from './targets';
import { Tests } from './Tests';
import { CodeBlock } from '@/shared/components/code-block';
import { CopyableId } from '@/shared/components/copyable-id';
import { CopyButton } from '@/shared/components/copy-button';
import { Fact, Facts } from '@/shared/components/facts';
import { JsonTree } from '@/shared/components/json-tree';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { useHasRole, useTenant } from '@/shared/session/tenant';
import { counted } from '@/shared/text/amounts';

const route = getRouteApi('/t/$tenant/targets/$target');

export function TargetPage(): ReactElement {
  const tenant = useTenant();
  const { target: name } = route.useParams();
  const { data, error, refetch } = useTarget(name);
  const isAdmin = useHasRole('admin');
  return (
    <Page
      title={name}
      description={
        <Link to="/t/$tenant/targets" params={{ tenant }} className="text-accent hover:underline">
          All targets
        </Link>
      }
      actions={
        data !== undefined && isAdmin && <TargetActions target={data.data} etag={data.etag} />
      }
    >
      {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined ? (
        error === null && <SkeletonLines lines={8} />
      ) : (
        <div className="grid items-start gap-4 lg:grid-cols-2">
          <div className="min-w-0 empty:hidden lg:col-span-2">
            <Standing target={data.data} etag={data.etag} />
          </div>
          <About target={data.data} />
          <Health target={data.data} />
          <div className="min-w-0 lg:col-span-2">
            <Deliveries target={data.data} />
          </div>
          <Tests target={data.data} />
          <Versions target={data.data} />
        </div>
      )}
    </Page>
  );
}

function About({ target }: { target: Target }): ReactElement {
  return (
    <Section title="About it">
      <Facts>
        <Fact name="Address">
          <span className="flex items-center gap-1">
            <code className="min-w-0 break-all">{target.url}</code>
            <CopyButton text={target.url} label="Copy the address" />
          </span>
        </Fact>
        <Fact name="Version">{target.version}</Fact>
        <Fact name="Delivers for">{target.assistants.join(', ') || 'no active assistant'}</Fact>
        <Fact name="Secret since">
          {target.secret_since_at === null ? (
            'it has none'
          ) : (
            <Time value={target.secret_since_at} />
          )}
        </Fact>
        {target.header_since_at !== null && (
          <Fact name="Header value since">
            <Time value={target.header_since_at} />
          </Fact>
        )}
        {target.template !== '' && (
          <Fact name="Template">
            <CodeBlock text={target.template} label="Template" wrap />
          </Fact>
        )}
        <Fact name="Settings">
          <JsonTree label="Settings" value={target.settings} />
        </Fact>
        <Fact name="Target">
          <CopyableId value={target.id} label="target's id" />
        </Fact>
      </Facts>
    </Section>
  );
}

function Health({ target }: { target: Target }): ReactElement {
  const { health } = target;
  return (
    <Section
      title="Health"
      description={
        health.counted === 0
          ? 'Nothing was delivered yet'
          : `Of the last ${counted(health.counted, 'delivery', 'deliveries')}`
      }
    >
      <Facts>
        <Fact name="In short">
          <HealthBadge target={target} />
        </Fact>
        <Fact name="Delivered">{health.delivered}</Fact>
        <Fact name="Tried again">{health.retried}</Fact>
        <Fact name="Refused">{health.refused}</Fact>
        <Fact name="Takes">
          {health.typical_ms === null ? 'unknown' : `${health.typical_ms} ms, typically`}
        </Fact>
        <Fact name="Last delivered">
          {health.last_delivered_at === null ? 'never' : <Time value={health.last_delivered_at} />}
        </Fact>
      </Facts>
    </Section>
  );
}

function Versions({ target }: { target: Target }): ReactElement {
  return (
    <Section title="Versions">
      <ol className="divide-y divide-line">
        {target.versions.map((version) => (
          <li key={version.version} className="py-2 text-sm first:pt-0">
            <p className="flex flex-wrap justify-between gap-2">
              <span className="font-medium">Version {version.version}</span>
              <Time value={version.created_at} className="text-muted" />
            </p>
            <code className="break-all text-muted">{version.url}</code>
            {Object.keys(version.settings).length > 0 && (
              <JsonTree label={`Settings of version ${version.version}`} value={version.settings} />
            )}
          </li>
        ))}
      </ol>
    </Section>
  );
}
