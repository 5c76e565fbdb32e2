import { expect, test } from 'vitest';
import { jsonFault } from './json-fault';

test('JSON has no fault', () => {
  expect(jsonFault('{"a": [1, 2]}')).toBeUndefined();
});

test('a fault is told with its place', () => {
  expect(jsonFault('{\n  "a": 1,\n  b: 2\n}')).toContain('line 3');
  expect(jsonFault('{"a": 1')).toMatch(/no JSON/);
});
