import type { ReactElement } from 'react';
import { useHistory, type History } from './history';
import { MINUTES, type Span } from './search';
import { lineOf, seriesOf, thinned } from './series';
import { LABELS, QUEUES } from './words';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Skeleton } from '@/shared/components/ui/skeleton';
import {
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
} from '@/shared/components/ui/table';

const WIDTH = 240;
const HEIGHT = 48;
const MOST_ROWS = 24;
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });

/** A small chart a queue, each to its own scale; the same as a table for who wants numbers. */
export function DepthCharts({ span }: { span: Span }): ReactElement {
  const { data, error, refetch } = useHistory(MINUTES[span]);
  if (data === undefined) {
    return error === null ? (
      <Skeleton className="h-48" />
    ) : (
      <ProblemNotice error={error} onRetry={() => void refetch()} />
    );
  }
  if (data.items.length === 0) {
    return (
      <p className="text-sm text-muted">
        Nothing is remembered yet. Figures are kept from the time the relay runs; the first appears
        within a minute.
      </p>
    );
  }
  return (
    <>
      <ul className="grid gap-x-6 gap-y-4 sm:grid-cols-2 lg:grid-cols-3">
        {QUEUES.map((queue) => (
          <Chart key={queue} history={data} queue={queue} />
        ))}
      </ul>
      <details className="mt-4">
        <summary className="min-h-6 text-sm text-accent">The same as a table</summary>
        <DepthTable history={data} />
      </details>
    </>
  );
}

function Chart({
  history,
  queue,
}: {
  history: History;
  queue: (typeof QUEUES)[number];
}): ReactElement {
  const series = seriesOf(history, queue);
  const line = lineOf(series, WIDTH, HEIGHT);
  const most = series.highest;
  const highest =
    most === undefined || most.depth === 0
      ? 'nothing waited'
      : `highest ${most.depth} at ${clock.format(most.at)}`;
  return (
    <li>
      <p className="mb-1 flex items-baseline justify-between gap-2 text-sm">
        <span className="font-medium">{LABELS[queue]}</span>
        <span className="tabular text-muted">
          {series.now} now, {highest}
        </span>
      </p>
      <svg
        role="img"
        aria-label={`Depth of ${LABELS[queue]}: ${series.now} now, ${highest}`}
        viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`}
        preserveAspectRatio="none"
        className="h-14 w-full rounded border border-line bg-sunken"
      >
        <polygon points={`0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}`} className="fill-accent-soft" />
        <polyline
          points={line}
          fill="none"
          className="stroke-accent"
          strokeWidth={1.5}
          vectorEffect="non-scaling-stroke"
        />
      </svg>
    </li>
  );
}

function DepthTable({ history }: { history: History }): ReactElement {
  return (
    <Table aria-label="Depth of each queue over time" className="mt-2 text-sm">
      <TableHead>
        <tr>
          <TableHeader>Time</TableHeader>
          {QUEUES.map((queue) => (
            <TableHeader key={queue}>{LABELS[queue]}</TableHeader>
          ))}
        </tr>
      </TableHead>
      <TableBody>
        {thinned(history.items, MOST_ROWS).map((point) => (
          <TableRow key={point.at}>
            <TableCell className="tabular whitespace-nowrap">
              {clock.format(new Date(point.at))}
            </TableCell>
            {QUEUES.map((queue) => (
              <TableCell key={queue} className="tabular">
                {point.queues.find((each) => each.queue === queue)?.depth ?? 0}
              </TableCell>
            ))}
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}
