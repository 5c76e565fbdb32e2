import { expect, test } from 'vitest';
import { added } from './look-after';

test('what calls did adds up, reasons for leaving some out too', () => {
  const first = added(
    { done: 0, skipped: {}, left: 0 },
    { done: 48, left: 60, next: 'c', skipped: [{ reason: 'run-not-failed', count: 2 }] },
  );
  const second = added(first, {
    done: 59,
    left: 0,
    next: null,
    skipped: [{ reason: 'run-not-failed', count: 1 }],
  });
  expect(second).toEqual({ done: 107, left: 0, skipped: { 'run-not-failed': 3 } });
});
