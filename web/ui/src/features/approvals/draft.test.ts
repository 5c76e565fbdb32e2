import { afterEach, expect, test } from 'vitest';
import { dropEmergency, emergencyOf, keepEmergency } from './draft';

afterEach(() => {
  sessionStorage.clear();
});

test('why the glass is broken outlives a trip to the identity provider', () => {
  keepEmergency('one', { digest: 'aa', reason: 'the plant stands still' });
  expect(emergencyOf('one', 'aa')).toBe('the plant stands still');
  dropEmergency('one');
  expect(emergencyOf('one', 'aa')).toBe('');
});

test('it is not said of another question', () => {
  keepEmergency('one', { digest: 'aa', reason: 'the plant stands still' });
  expect(emergencyOf('one', 'bb')).toBe('');
  expect(emergencyOf('two', 'aa')).toBe('');
});

test('what another put there is no reason', () => {
  sessionStorage.setItem('awgp.emergency.one', '{');
  expect(emergencyOf('one', 'aa')).toBe('');
});
