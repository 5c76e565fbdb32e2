import { expect, test } from 'vitest';
import { counted } from './amounts';

test('one is one, and what is more or none are several', () => {
  expect(counted(1, 'item')).toBe('1 item');
  expect(counted(0, 'item')).toBe('0 items');
  expect(counted(2, 'entry', 'entries')).toBe('2 entries');
});
