import { expect, test } from 'vitest';
import { callbacksIn, ofItsRow, startOf } from './callbacks';
import { ProblemError } from '@/shared/api/problem';

function form(...rows: [url: string, target: string][]): FormData {
  const made = new FormData();
  for (const [url, target] of rows) {
    made.append('callback_url', url);
    made.append('callback_target', target);
  }
  return made;
}

test('each row is an entry, in order, and an empty one is none', () => {
  expect(
    callbacksIn(form([' https://a.example/x ', 'a'], ['', ''], ['https://b.example/', 'b'])),
  ).toEqual([
    { url: 'https://a.example/x', target: 'a' },
    { url: 'https://b.example/', target: 'b' },
  ]);
  expect(callbacksIn(form())).toEqual([]);
});

test('a row that says half of it is not sent', () => {
  expect(() => callbacksIn(form(['', 'a']))).toThrow('Address 1');
  expect(() => callbacksIn(form(['https://a.example/', '']))).toThrow('https://a.example/');
});

test('what the server says of an entry is said of its row', () => {
  const said = (detail: string): string =>
    ofItsRow(new ProblemError({ type: 'x', title: 'x', status: 422, detail })).message;
  expect(said('callbacks[1].url: must not have a query')).toBe(
    'Callback 2, address: must not have a query',
  );
  expect(said('Somebody changed it.')).toBe('Somebody changed it.');
});

test('a target’s address is a beginning, without what an entry may not have', () => {
  expect(startOf('https://flows.example/hook?key=1')).toBe('https://flows.example/hook');
  expect(startOf('nowhere')).toBe('');
});
