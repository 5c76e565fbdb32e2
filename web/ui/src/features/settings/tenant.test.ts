import { expect, test } from 'vitest';
import { limitIn } from './tenant';

function form(said: Record<string, string>): FormData {
  const made = new FormData();
  for (const [name, value] of Object.entries(said)) made.set(name, value);
  return made;
}

test('a form without numbers is no limit, and one at once needs one a minute', () => {
  expect(limitIn(form({ per_minute: ' ', burst: '' }))).toBeNull();
  expect(limitIn(form({ per_minute: '600', burst: '' }))).toEqual({ per_minute: 600 });
  expect(limitIn(form({ per_minute: '600', burst: '50' }))).toEqual({ per_minute: 600, burst: 50 });
  expect(() => limitIn(form({ per_minute: '', burst: '50' }))).toThrow('a minute too');
});
