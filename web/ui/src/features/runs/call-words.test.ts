import { expect, it } from 'vitest';
import { verdictOf } from './call-words';

it('tells an answer from a refusal, and an error of the server from both', () => {
  const told = [
    verdictOf({ error: '', status: 204 }),
    verdictOf({ error: '', status: 503 }),
    verdictOf({ error: 'not-allowed', status: null }),
    verdictOf({ error: 'made-up-later', status: null }),
  ];
  expect(told.map(({ tone, label }) => `${tone} ${label}`)).toEqual([
    'ok answered',
    'wait answered',
    'bad not allowed',
    'bad made up later',
  ]);
});
