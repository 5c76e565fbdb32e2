import { getRouteApi, Link } from '@tanstack/react-router';
import { ChevronLeft, ChevronRight, EyeIcon } from 'lucide-react';
import type { ReactElement } from 'react';
import { useEntry } from './entries';
import { EntryProof } from './EntryProof';
import type { ProvenEntry } from './proof';
import { useReveal } from './proof-requests';
import { CodeBlock } from '@/shared/components/code-block';
import { CopyableId } from '@/shared/components/copyable-id';
import { DiffView } from '@/shared/components/diff-view';
import { Digest } from '@/shared/components/digest';
import { Fact, Facts } from '@/shared/components/facts';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { ReasonField } from '@/shared/components/form-field';
import { JsonTree } from '@/shared/components/json-tree';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { RunLink } from '@/shared/components/run-link';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Button } from '@/shared/components/ui/button';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { useHasRole, useTenant } from '@/shared/session/tenant';

const route = getRouteApi('/t/$tenant/audit/$sequence');

export function EntryPage(): ReactElement {
  const tenant = useTenant();
  const sequence = Number(route.useParams().sequence);
  const { data: entry, error, refetch } = useEntry(sequence);
  const mayReveal = useHasRole('auditor', 'admin');
  return (
    <Page
      title={`Entry ${sequence}`}
      description={
        <Link to="/t/$tenant/audit" params={{ tenant }} className="text-accent hover:underline">
          All entries
        </Link>
      }
      actions={
        <>
          {entry?.has_personal === true && mayReveal && <Reveal sequence={sequence} />}
          <Neighbours sequence={sequence} />
        </>
      }
    >
      {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {entry === undefined ? error === null && <SkeletonLines lines={8} /> : <Told entry={entry} />}
    </Page>
  );
}

function Neighbours({ sequence }: { sequence: number }): ReactElement {
  const tenant = useTenant();
  return (
    <>
      {sequence > 1 && (
        <Button asChild size="icon" aria-label="The entry before">
          <Link to="/t/$tenant/audit/$sequence" params={{ tenant, sequence: String(sequence - 1) }}>
            <ChevronLeft aria-hidden />
          </Link>
        </Button>
      )}
      <Button asChild size="icon" aria-label="The entry after">
        <Link to="/t/$tenant/audit/$sequence" params={{ tenant, sequence: String(sequence + 1) }}>
          <ChevronRight aria-hidden />
        </Link>
      </Button>
    </>
  );
}

function Told({ entry }: { entry: ProvenEntry }): ReactElement {
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <div className="min-w-0 space-y-4">
        <What entry={entry} />
        <Changed entry={entry} />
      </div>
      <div className="min-w-0 space-y-4">
        <EntryProof key={entry.hash} entry={entry} />
        <Section title="Metadata">
          <JsonTree label="Metadata" value={entry.metadata} />
        </Section>
        <Section title="The sealed bytes" description="Canonical JSON (RFC 8785): what is hashed.">
          <CodeBlock label="Canonical JSON" text={entry.body} wrap />
        </Section>
      </div>
    </div>
  );
}

function What({ entry }: { entry: ProvenEntry }): ReactElement {
  const tenant = useTenant();
  return (
    <Section title="What happened">
      <Facts>
        <Fact name="Action">
          <code className="break-all">{entry.action}</code>
        </Fact>
        <Fact name="By">
          {entry.actor.name ?? entry.actor.type}{' '}
          <span className="text-muted">{entry.actor.type}</span>
          <span className="block">
            <CopyableId value={entry.actor.id} label="actor's id" />
          </span>
        </Fact>
        <Fact name="On">
          {entry.resource.type}{' '}
          {entry.resource.type === 'run' ? (
            <RunLink tenant={tenant} run={entry.resource.id} />
          ) : (
            <CopyableId value={entry.resource.id} label="resource's id" />
          )}
        </Fact>
        <Fact name="Happened">
          <Time value={entry.occurred_at} mode="absolute" />
        </Fact>
        <Fact name="Sealed">
          <Time value={entry.sealed_at} mode="absolute" />
        </Fact>
        <Fact name="Hash">
          <Digest value={entry.hash} full label="hash" />
        </Fact>
        <Fact name="Hash before">
          <Digest value={entry.previous_hash} full label="hash before" />
        </Fact>
      </Facts>
    </Section>
  );
}

function Changed({ entry }: { entry: ProvenEntry }): ReactElement {
  if (entry.before === null && entry.after === null) {
    return (
      <Section title="Before and after">
        <p className="text-sm text-muted">It changed nothing that is kept.</p>
      </Section>
    );
  }
  return (
    <Section title="Before and after">
      <DiffView
        before={written(entry.before)}
        after={written(entry.after)}
        label="What it changed"
      />
    </Section>
  );
}

function written(value: unknown): string {
  return value === null ? '' : JSON.stringify(value, null, 2);
}

function Reveal({ sequence }: { sequence: number }): ReactElement {
  const reveal = useReveal();
  return (
    <FormDialog
      trigger={
        <Button>
          <EyeIcon aria-hidden />
          Reveal personal data
        </Button>
      }
      title="Reveal what it says of a person?"
      description="It is decrypted for you alone. That you looked, and why, becomes an entry of the trail itself."
      confirm="Reveal it"
      onSubmit={async (form) => {
        const told = await reveal.mutateAsync({ sequence, reason: textIn(form, 'reason') });
        return told.erased ? (
          <p role="status" className="text-sm">
            It is erased: the person&apos;s key is gone, and with it what this says of them. The
            entry still proves that something was said.
          </p>
        ) : (
          <JsonTree label="Personal data" value={told.content} />
        );
      }}
    >
      <ReasonField />
    </FormDialog>
  );
}
