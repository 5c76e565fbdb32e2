import { Link } from '@tanstack/react-router';
import { Box } from 'lucide-react';
import type { ReactElement } from 'react';
import { ExecutionCalls } from './ExecutionCalls';
import type { Run } from './run';
import { Id, Part, Parts } from './RunParts';
import { EXITS } from './story';
import { EmptyState } from '@/shared/components/empty-state';
import { Fact, Facts } from '@/shared/components/facts';
import { Printable } from '@/shared/components/printable';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { useTenant } from '@/shared/session/tenant';
import { bytesText, spanText } from '@/shared/text/amounts';

type Execution = Run['executions'][number];

/** Each sandbox that was started for this run. */
export function RunExecutions({ run }: { run: Run }): ReactElement {
  if (run.executions.length === 0) {
    return (
      <EmptyState icon={Box} title="Nothing has run">
        {run.sealed_at === null
          ? 'A sandbox is started when the run is approved.'
          : 'The run ended before a sandbox was started for it.'}
      </EmptyState>
    );
  }
  return (
    <Parts>
      {run.executions.map((each) => (
        <Part key={each.id} title={<Title execution={each} />}>
          <Details run={run} execution={each} />
          <section aria-label={`Calls of attempt ${each.attempt}, epoch ${each.epoch}`}>
            <h4 className="mb-1 text-sm text-muted">Through its gateway</h4>
            <ExecutionCalls
              run={run.id}
              assistant={run.assistant}
              execution={each.id}
              over={each.finished_at !== null}
            />
          </section>
        </Part>
      ))}
    </Parts>
  );
}

function Title({ execution }: { execution: Execution }): ReactElement {
  const { exit_reason: reason } = execution;
  return (
    <>
      <Badge tone={reason === null ? 'info' : reason === 'ok' ? 'ok' : 'bad'}>
        {reason?.replaceAll('_', ' ') ?? 'running'}
      </Badge>
      Epoch {execution.epoch}, attempt {execution.attempt}
      <Time value={execution.started_at} className="font-normal text-muted" />
    </>
  );
}

function printed({ output_bytes: bytes, finished_at: end }: Execution): string {
  if (bytes !== null) return bytesText(bytes);
  return end === null ? 'as it comes:' : 'nothing kept';
}

function Details({ run, execution }: { run: Run; execution: Execution }): ReactElement {
  const tenant = useTenant();
  const reason = execution.exit_reason;
  return (
    <Facts>
      {reason !== null && (
        <Fact name="How it ended">
          It ran {EXITS[reason] ?? reason}
          {execution.exit_code !== null && <>, exit code {execution.exit_code}</>}.
        </Fact>
      )}
      {execution.detail !== null && reason !== 'ok' && (
        <Fact name="Detail">
          <Printable text={execution.detail} />
        </Fact>
      )}
      {execution.duration_ms !== null && <Fact name="Took">{spanText(execution.duration_ms)}</Fact>}
      {execution.peak_memory_bytes !== null && (
        <Fact name="Memory, at most">{bytesText(execution.peak_memory_bytes)}</Fact>
      )}
      {execution.cpu_ms !== null && (
        <Fact name="Processor time">{spanText(execution.cpu_ms)}, gVisor’s own with it</Fact>
      )}
      {execution.start_ms !== null && (
        <Fact name="The sandbox took">{spanText(execution.start_ms)} before the agent began</Fact>
      )}
      {execution.bytes_in !== null && execution.bytes_out !== null && (
        <Fact name="In and out">
          {bytesText(execution.bytes_in)} in, {bytesText(execution.bytes_out)} out
        </Fact>
      )}
      <Fact name="Printed">
        {printed(execution)}
        {execution.truncated && <span className="text-wait"> (cut: it printed more)</span>}{' '}
        <Link
          to="/t/$tenant/runs/$run"
          params={{ tenant, run: run.id }}
          search={{ tab: 'log', execution: execution.id }}
          className="text-accent underline underline-offset-2"
        >
          its log
        </Link>
      </Fact>
      <Fact name="Execution">
        <Id value={execution.id} what="execution's id" />
      </Fact>
    </Facts>
  );
}
