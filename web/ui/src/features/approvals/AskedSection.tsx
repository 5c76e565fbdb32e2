import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import type { Approval } from './approval';
import { showHidden } from './hidden';
import { Fact, Section } from './Section';
import { CopyButton } from '@/shared/components/copy-button';
import { JsonTree } from '@/shared/components/json-tree';
import { Time } from '@/shared/components/time';
import { Trace } from '@/shared/components/trace';
import { showHiddenIn } from './hidden';
import { useTenant } from '@/shared/session/tenant';

/** Who asks, from where, and how to find it again. */
export function AskedSection({ approval }: { approval: Approval }): ReactElement {
  const { asked, line } = approval;
  const tenant = useTenant();
  return (
    <Section title="Where it comes from">
      <dl className="space-y-2">
        <Fact name="Asked by">
          {showHidden(asked.requester.name)}{' '}
          <span className="text-muted">({asked.requester.kind})</span>
        </Fact>
        {asked.source_kind !== null && (
          <Fact name="By">
            {asked.source_kind}
            {asked.source_scheme !== null && `, signed as ${asked.source_scheme}`}
          </Fact>
        )}
        <Fact name="Received">
          <Time value={asked.received_at} mode="absolute" />
        </Fact>
        <Fact name="Policy set">{line.policy_version ?? 'unknown'}</Fact>
        <Fact name="Assistant">
          <Link
            to="/t/$tenant/assistants/$assistant"
            params={{ tenant, assistant: line.assistant }}
            className="text-accent hover:underline"
          >
            {line.assistant}
          </Link>{' '}
          <Id value={approval.assistant_version} label="assistant’s version" />
        </Fact>
        <Fact name="Run">
          <Link
            to="/t/$tenant/runs/$run"
            params={{ tenant, run: approval.run_id }}
            className="text-accent hover:underline"
          >
            See the run
          </Link>{' '}
          <Id value={approval.run_id} label="run’s id" />
        </Fact>
        <Fact name="Approval">
          <Id value={approval.id} label="approval’s id" />
        </Fact>
        {asked.traceparent !== null && (
          <Fact name="traceparent">
            <Trace traceparent={asked.traceparent} />
          </Fact>
        )}
        <Fact name="What the edge noted">
          <JsonTree label="Origin" value={showHiddenIn(asked.origin)} />
        </Fact>
      </dl>
    </Section>
  );
}

function Id({ value, label }: { value: string; label: string }): ReactElement {
  return (
    <span className="inline-flex max-w-full items-center gap-1 align-middle">
      <code className="min-w-0 break-all">{value}</code>
      <CopyButton text={value} label={`Copy the ${label}`} />
    </span>
  );
}
