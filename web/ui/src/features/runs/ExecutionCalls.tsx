import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { verdictOf } from './call-words';
import { useRunCalls, type GatewayCall } from './run-calls';
import { Printable } from '@/shared/components/printable';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
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
import { bytesText, counted, spanText } from '@/shared/text/amounts';

/** Where an execution's calls went and what came of each, from the sealed trail. */
export function ExecutionCalls({
  run,
  assistant,
  execution,
  over,
}: {
  run: string;
  assistant: string;
  execution: string;
  /** Nothing runs any more. */
  over: boolean;
}): ReactElement {
  const query = useRunCalls(run, execution);
  const pages = query.data?.pages;
  if (pages === undefined) {
    return query.error === null ? (
      <SkeletonLines lines={2} />
    ) : (
      <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
    );
  }
  const calls = pages.flatMap((page) => page.calls);
  if (calls.length === 0) {
    return <p className="text-sm text-muted">{none(pages.at(-1), over)}</p>;
  }
  return (
    <div className="space-y-2">
      <Calls calls={calls} />
      <p className="text-sm text-muted">
        Where to, never a path: none is kept.{' '}
        {calls.some((each) => each.error === 'not-allowed') && <Allowed assistant={assistant} />}
      </p>
      {query.hasNextPage && (
        <Button
          size="small"
          busy={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          More calls
        </Button>
      )}
    </div>
  );
}

/** Where one goes who wonders why a call was not allowed. */
function Allowed({ assistant }: { assistant: string }): ReactElement {
  const tenant = useTenant();
  return (
    <Link
      to="/t/$tenant/assistants/$assistant/allowed"
      params={{ tenant, assistant }}
      className="inline-flex min-h-6 items-center text-accent underline underline-offset-2"
    >
      What {assistant} is allowed now
    </Link>
  );
}

/** Why nothing is shown: there is nothing, or it is not known, or not yet. */
function none(page: { complete: boolean; not_known: boolean } | undefined, over: boolean): string {
  if (page?.not_known === true) {
    return 'What it called is not known: it was lost with its host. The host’s log may say.';
  }
  if (page?.complete === true) return 'It called nobody.';
  return over ? 'Its calls are being sealed.' : 'Its calls are told when it is over.';
}

function Calls({ calls }: { calls: readonly GatewayCall[] }): ReactElement {
  return (
    <Table aria-label="Calls through the gateway" className="text-sm">
      <TableHead>
        <tr>
          <TableHeader>Call</TableHeader>
          <TableHeader>Came of it</TableHeader>
          <TableHeader className="max-sm:hidden">Sent and received</TableHeader>
          <TableHeader className="max-sm:hidden">Took</TableHeader>
        </tr>
      </TableHead>
      <TableBody>
        {calls.map((call) => (
          <One key={call.number} call={call} />
        ))}
      </TableBody>
    </Table>
  );
}

function One({ call }: { call: GatewayCall }): ReactElement {
  const { tone, label } = verdictOf(call);
  return (
    <TableRow>
      <TableCell>
        <span className="tabular text-muted">{call.number}. </span>
        <span className="font-medium">
          <Printable text={call.method} />
        </span>{' '}
        <span className="break-all">
          {call.destination === '' ? (
            <span className="text-muted">a URL that cannot be read</span>
          ) : (
            <Printable text={call.destination} />
          )}
        </span>
        <span className="block text-muted sm:hidden">{amounts(call)}</span>
      </TableCell>
      <TableCell className="sm:whitespace-nowrap">
        <Badge tone={tone}>{label}</Badge>{' '}
        {call.status !== null && <span className="tabular">{call.status}</span>}
      </TableCell>
      <TableCell className="max-sm:hidden">{amounts(call)}</TableCell>
      <TableCell className="tabular whitespace-nowrap max-sm:hidden">
        {spanText(call.duration_ms)}
      </TableCell>
    </TableRow>
  );
}

function amounts(call: GatewayCall): string {
  const said = `${bytesText(call.bytes_out)} out, ${bytesText(call.bytes_in)} in`;
  return call.tokens === 0 ? said : `${said}, ${counted(call.tokens, 'token')}`;
}
