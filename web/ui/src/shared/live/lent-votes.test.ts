import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { atMoments } from './lent-votes';

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-05-04T05:00:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

const LOAN = { starts_at: '2026-05-04T05:01:00Z', ends_at: '2026-07-04T05:00:00Z' };
const DAY = 86_400_000;

test('each beginning and end is noticed once, however far away', () => {
  const act = vi.fn();
  const past = { starts_at: '2026-05-01T00:00:00Z', ends_at: '2026-05-04T04:00:00Z' };
  atMoments([LOAN, past], act);
  vi.advanceTimersByTime(60_500);
  expect(act).toHaveBeenCalledTimes(0); // the server's clock may be behind
  vi.advanceTimersByTime(1_000);
  expect(act).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(60 * DAY);
  expect(act).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1 * DAY);
  expect(act).toHaveBeenCalledTimes(2);
  expect(vi.getTimerCount()).toBe(0);
});

test('a page that was left hears of none', () => {
  const act = vi.fn();
  atMoments([LOAN], act)();
  vi.advanceTimersByTime(90 * DAY);
  expect(act).not.toHaveBeenCalled();
});
