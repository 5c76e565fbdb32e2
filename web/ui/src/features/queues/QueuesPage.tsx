import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { DepthCharts } from './DepthCharts';
import { useQueues, type Queue } from './queues';
import { oldest, QueueSheet } from './QueueSheet';
import { SPANS } from './search';
import { StateBadge } from './StateBadge';
import { LABELS } from './words';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Section } from '@/shared/components/section';
import { Button } from '@/shared/components/ui/button';
import { Card } from '@/shared/components/ui/card';
import { Select } from '@/shared/components/ui/select';
import { SkeletonRows } from '@/shared/components/ui/skeleton';
import {
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
} from '@/shared/components/ui/table';
import { compact } from '@/shared/search/params';
import { useHasRole, useTenant } from '@/shared/session/tenant';

const route = getRouteApi('/t/$tenant/queues');
const NUMBER = 'tabular text-right';

export function QueuesPage(): ReactElement {
  const tenant = useTenant();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const span = search.span ?? '1h';
  const { data, error, refetch } = useQueues();
  const mayChange = useHasRole('holding') && data?.scope === 'machine';
  const opened = data?.items.find((each) => each.queue === search.queue);
  return (
    <Page
      title="Queues"
      description={
        data?.scope === 'machine'
          ? 'What waits for each stage, on the whole machine'
          : 'What of yours waits for each stage'
      }
      actions={
        <Button asChild>
          <Link to="/t/$tenant/queues/dead-letters" params={{ tenant }}>
            Dead letters
          </Link>
        </Button>
      }
    >
      <div className="space-y-4">
        {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
        {data?.broker != null && (
          <p role="alert" className="rounded-lg border border-bad/40 bg-bad-soft p-4 text-sm">
            The broker does not answer: {data.broker}. What is due waits in the database; nothing is
            lost.
          </p>
        )}
        <Card>{data === undefined ? <SkeletonRows rows={6} /> : <Rows queues={data.items} />}</Card>
        <Section
          title="Depth over time"
          actions={
            <Select
              aria-label="How far back"
              value={span}
              onChange={(event) =>
                void navigate({
                  search: (old) =>
                    compact({ ...old, span: SPANS.find((each) => each === event.target.value) }),
                  replace: true,
                })
              }
            >
              {SPANS.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </Select>
          }
        >
          <DepthCharts span={span} />
        </Section>
      </div>
      {opened !== undefined && (
        <QueueSheet
          queue={opened}
          mayChange={mayChange}
          onClose={() => void navigate({ search: (old) => compact({ ...old, queue: undefined }) })}
        />
      )}
    </Page>
  );
}

function Rows({ queues }: { queues: readonly Queue[] }): ReactElement {
  const tenant = useTenant();
  return (
    <Table aria-label="Queues">
      <TableHead>
        <tr>
          <TableHeader>Queue</TableHeader>
          <TableHeader>State</TableHeader>
          <TableHeader className="text-right">Due</TableHeader>
          <TableHeader className="text-right max-sm:hidden">Oldest</TableHeader>
          <TableHeader className="text-right max-md:hidden">In flight</TableHeader>
          <TableHeader className="text-right max-md:hidden">Retrying</TableHeader>
          <TableHeader className="text-right">Dead</TableHeader>
          <TableHeader className="text-right max-md:hidden">Processes</TableHeader>
          <TableHeader className="text-right max-lg:hidden">Rate</TableHeader>
        </tr>
      </TableHead>
      <TableBody>
        {queues.map((queue) => (
          <TableRow key={queue.queue}>
            <TableCell>
              <Link
                to="/t/$tenant/queues"
                params={{ tenant }}
                search={(old) => ({ ...old, queue: queue.queue })}
                className="inline-flex min-h-6 items-center font-medium text-accent hover:underline"
              >
                {LABELS[queue.queue]}
              </Link>
            </TableCell>
            <TableCell>
              <StateBadge state={queue.state} />
            </TableCell>
            <TableCell className={NUMBER}>{queue.depth}</TableCell>
            <TableCell className={`${NUMBER} whitespace-nowrap text-muted max-sm:hidden`}>
              {oldest(queue)}
            </TableCell>
            <TableCell className={`${NUMBER} max-md:hidden`}>{queue.in_flight}</TableCell>
            <TableCell className={`${NUMBER} max-md:hidden`}>{queue.retrying}</TableCell>
            <TableCell className={NUMBER}>
              <Dead queue={queue} />
            </TableCell>
            <TableCell className={`${NUMBER} max-md:hidden`}>{processes(queue)}</TableCell>
            <TableCell className={`${NUMBER} text-muted max-lg:hidden`}>
              {queue.rate === null ? 'not shown' : `${queue.rate.toFixed(2)}/s`}
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}

function Dead({ queue }: { queue: Queue }): ReactElement {
  const tenant = useTenant();
  if (queue.dead === 0) return <>0</>;
  return (
    <Link
      to="/t/$tenant/queues/dead-letters"
      params={{ tenant }}
      search={{ stage: queue.queue }}
      aria-label={`${queue.dead} dead letters of ${LABELS[queue.queue]}`}
      className="inline-flex min-h-6 min-w-6 items-center justify-end font-medium text-bad hover:underline"
    >
      {queue.dead}
    </Link>
  );
}

function processes(queue: Queue): string {
  const now = queue.workers === null ? '?' : String(queue.workers);
  const wanted = queue.wanted?.processes;
  return wanted === undefined || wanted === queue.workers ? now : `${now} of ${wanted}`;
}
