import type { History } from './history';
import type { QueueName } from './queues';

/** One queue's depth over time, as a chart and a table need it. */
export interface Series {
  points: readonly { at: number; depth: number }[];
  now: number;
  highest: { at: number; depth: number } | undefined;
}

export function seriesOf(history: History, queue: QueueName): Series {
  const points = history.items.map((point) => ({
    at: Date.parse(point.at),
    depth: point.queues.find((each) => each.queue === queue)?.depth ?? 0,
  }));
  let highest = points[0];
  for (const point of points) {
    if (highest !== undefined && point.depth > highest.depth) highest = point;
  }
  return { points, now: points.at(-1)?.depth ?? 0, highest };
}

/** The line through the points of a chart: `x,y x,y …`, the highest value at the top. */
export function lineOf(series: Series, width: number, height: number): string {
  const [first, last] = [series.points[0], series.points.at(-1)];
  if (first === undefined || last === undefined) return '';
  const span = Math.max(1, last.at - first.at);
  const top = Math.max(1, series.highest?.depth ?? 0);
  return series.points
    .map(({ at, depth }) => {
      const x = ((at - first.at) / span) * width;
      const y = height - (depth / top) * height;
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' ');
}

/** At most so many points for a table one reads, evenly apart, the last among them. */
export function thinned<Each>(all: readonly Each[], most: number): readonly Each[] {
  const step = Math.max(1, Math.ceil(all.length / most));
  return all.filter((_, at) => (all.length - 1 - at) % step === 0);
}
