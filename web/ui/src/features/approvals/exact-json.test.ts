import { expect, test } from 'vitest';
import { parseExact, prettyExact } from './exact-json';

test('a number keeps the digits it was written with', () => {
  const text = '{"amount": 12345678901234567890, "rate": 1.10, "small": 7}';
  expect(prettyExact(parseExact(text)?.value)).toBe(
    '{\n  "amount": 12345678901234567890,\n  "rate": 1.10,\n  "small": 7\n}',
  );
});

test('nothing but JSON is JSON', () => {
  expect(parseExact('{"a":}')).toBeUndefined();
  expect(prettyExact(parseExact('[{}, [], "\\u0000", true, null]')?.value)).toBe(
    '[\n  {},\n  [],\n  "\\u0000",\n  true,\n  null\n]',
  );
});
