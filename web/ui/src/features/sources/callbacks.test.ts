import { expect, test } from 'vitest';
import { callbacksIn, startOf } from './callbacks';

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

test('a target’s address is a beginning, without what an entry may not have', () => {
  expect(startOf('https://flows.example/hook?key=1')).toBe('https://flows.example/hook');
  expect(startOf('nowhere')).toBe('');
});
