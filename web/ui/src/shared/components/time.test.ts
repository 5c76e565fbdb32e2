import { expect, test } from 'vitest';
import { ago, duration } from './time';

test.each([
  [0, '0s'],
  [9, '9s'],
  [249, '4m 09s'],
  [11_100, '3h 05m'],
  [183_600, '2d 03h'],
])('%i seconds are %s', (seconds, shown) => {
  expect(duration(seconds)).toBe(shown);
});

test('a moment is told by how long ago it was, and by its date after a week', () => {
  const now = Date.UTC(2026, 0, 20, 12);
  expect(ago(new Date(now - 10_000), now)).toBe('just now');
  expect(ago(new Date(now - 7 * 60_000), now)).toBe('7 min. ago');
  expect(ago(new Date(now + 3 * 3_600_000), now)).toBe('in 3 hr.');
  expect(ago(new Date(Date.UTC(2025, 5, 1, 12)), now)).toContain('2025');
});
