import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { ActiveBadge } from './ActiveBadge';
import { EventMapping } from './EventMapping';
import { Intake } from './Intake';
import { Proof } from './Proof';
import { Refusals } from './Refusals';
import { Secrets } from './Secrets';
import { SourceActions } from './SourceActions';
import { useSource, type Source } from './sources';
import { CodeBlock } from '@/shared/components/code-block';
import { CopyableId } from '@/shared/components/copyable-id';
import { CopyButton } from '@/shared/components/copy-button';
import { Fact, Facts } from '@/shared/components/facts';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { RunLink } from '@/shared/components/run-link';
import { Section } from '@/shared/components/section';
import { RUN_STATUSES, StatusBadge } from '@/shared/components/status-badge';
import { Time } from '@/shared/components/time';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import {
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
} from '@/shared/components/ui/table';
import { useTenant } from '@/shared/session/tenant';

const route = getRouteApi('/t/$tenant/sources/$source');

export function SourcePage(): ReactElement {
  const tenant = useTenant();
  const { source: id } = route.useParams();
  const { data, error, refetch } = useSource(id);
  return (
    <Page
      title={data === undefined ? 'Source' : data.data.name}
      description={
        <Link
          to="/t/$tenant/sources"
          params={{ tenant }}
          className="inline-block py-0.5 text-accent hover:underline"
        >
          All sources
        </Link>
      }
      actions={data !== undefined && <SourceActions source={data.data} etag={data.etag} />}
    >
      {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined ? (
        error === null && <SkeletonLines lines={8} />
      ) : (
        <div className="grid items-start gap-4 lg:grid-cols-2">
          <div className="min-w-0 space-y-4">
            <About source={data.data} />
            {data.data.kind === 'webhook' && (
              <>
                <Intake source={data.data} etag={data.etag} />
                <EventMapping source={data.data} etag={data.etag} />
              </>
            )}
            <Refusals source={data.data} />
          </div>
          <div className="min-w-0 space-y-4">
            <Proof source={data.data} etag={data.etag} />
            <Secrets source={data.data} etag={data.etag} />
            <Events source={data.data} />
            <Section
              title="Send an event yourself"
              description="In a shell, with a secret you have; it stands nowhere on this page."
            >
              <CodeBlock label="A sample that signs and sends" text={data.data.sample} />
            </Section>
          </div>
        </div>
      )}
    </Page>
  );
}

function About({ source }: { source: Source }): ReactElement {
  return (
    <Section title="About it">
      <Facts>
        <Fact name="State">
          <ActiveBadge active={source.active} />
        </Fact>
        <Fact name="Address">
          <span className="flex items-center gap-1">
            <code className="min-w-0 break-all">{source.url}</code>
            <CopyButton text={source.url} label="Copy the address" />
          </span>
        </Fact>
        <Fact name="Assistant">
          {source.assistant.name}
          {!source.assistant.active && ' (switched off)'}
        </Fact>
        <Fact name="Answers for it">
          {source.owner.name}
          <span className="block text-muted">They cannot approve what it sends.</span>
        </Fact>
        <Fact name="Since">
          <Time value={source.created_at} />
        </Fact>
        <Fact name="Source">
          <CopyableId value={source.id} label="source's id" />
        </Fact>
      </Facts>
    </Section>
  );
}

function Events({ source }: { source: Source }): ReactElement {
  const tenant = useTenant();
  return (
    <Section title="Last events" flush={source.events.length > 0}>
      {source.events.length === 0 ? (
        <p className="text-sm text-muted">
          None yet. Send one with the sample to see whether it arrives.
        </p>
      ) : (
        <Table aria-label="Events" className="text-sm">
          <TableHead>
            <tr>
              <TableHeader>Received</TableHeader>
              <TableHeader>Run is</TableHeader>
              <TableHeader>Run</TableHeader>
              <TableHeader className="max-sm:hidden">Its sender&apos;s id</TableHeader>
            </tr>
          </TableHead>
          <TableBody>
            {source.events.map((event) => (
              <TableRow key={event.id}>
                <TableCell>
                  <Time value={event.received_at} />
                </TableCell>
                <TableCell>
                  <RunStatusBadge status={event.status} />
                </TableCell>
                <TableCell>
                  <RunLink tenant={tenant} run={event.id} />
                </TableCell>
                <TableCell className="max-w-48 truncate text-muted max-sm:hidden">
                  {event.event ?? ''}
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      )}
    </Section>
  );
}

function RunStatusBadge({ status }: { status: string }): ReactElement {
  const known = RUN_STATUSES.find((each) => each === status);
  return known === undefined ? <>{status}</> : <StatusBadge status={known} />;
}
