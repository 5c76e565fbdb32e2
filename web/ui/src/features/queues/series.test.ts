import { expect, test } from 'vitest';
import { lineOf, seriesOf, thinned } from './series';
import type { History } from './history';

function historyOf(...depths: number[]): History {
  return {
    scope: 'tenant',
    step_seconds: 60,
    items: depths.map((depth, at) => ({
      at: new Date(at * 60_000).toISOString(),
      queues: [
        {
          queue: 'policy',
          depth,
          dead: 0,
          in_flight: 0,
          oldest_seconds: null,
          rate: null,
          retrying: 0,
          workers: null,
        },
      ],
    })),
  };
}

test('the line fills the chart, the highest at the top and nothing at the bottom', () => {
  const series = seriesOf(historyOf(0, 4, 2), 'policy');
  expect(series.now).toBe(2);
  expect(series.highest).toEqual({ at: 60_000, depth: 4 });
  expect(lineOf(series, 100, 40)).toBe('0.0,40.0 50.0,0.0 100.0,20.0');
});

test('a queue nobody told of is empty, and no points draw nothing', () => {
  expect(seriesOf(historyOf(3), 'audit').now).toBe(0);
  expect(lineOf(seriesOf(historyOf(), 'policy'), 100, 40)).toBe('');
  expect(lineOf(seriesOf(historyOf(0, 0), 'policy'), 100, 40)).not.toContain('NaN');
});

test('a table has no more rows than asked for, and ends with the newest', () => {
  const all = Array.from({ length: 361 }, (_, at) => at);
  expect(thinned(all, 24).length).toBeLessThanOrEqual(24);
  expect(thinned(all, 24).at(-1)).toBe(360);
  expect(thinned([1, 2], 24)).toEqual([1, 2]);
});
