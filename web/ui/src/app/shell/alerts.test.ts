import { expect, test } from 'vitest';
import { alertFor, knownFrom, newOnes } from './alerts';
import type { components } from '@/shared/api/schema';

type Line = components['schemas']['ApprovalLine'];

function line(id: string): Line {
  return {
    id,
    assistant: 'invoice-booker',
    tenant: 'acme',
    rules: ['finance'],
    risk: { level: 'high', score: 5, reasons: [] },
    summary: 'iban: DE00',
  } as unknown as Line;
}

test('what waited already when the page came is not new', () => {
  expect(newOnes(undefined, [line('a')])).toEqual([]);
  const known = knownFrom(undefined, { items: [line('a')], next: null });
  expect(newOnes(known, [line('b'), line('a')]).map((each) => each.id)).toEqual(['b']);
});

test('what was only too far down to be seen before is not new', () => {
  const known = knownFrom(undefined, { items: [line('c'), line('b')], next: 'more' });
  expect(newOnes(known, [line('d'), line('b'), line('a')]).map((each) => each.id)).toEqual(['d']);
});

test('a desktop notification tells nothing of the payload', () => {
  const alert = alertFor([line('a')]);
  expect(alert?.title).toBe('invoice-booker waits for your approval');
  expect(JSON.stringify(alert)).not.toContain('DE00');
});

test('several at once are one notification', () => {
  expect(alertFor([line('a'), line('b')])?.title).toBe('2 new approvals wait for you');
  expect(alertFor([])).toBeUndefined();
});
