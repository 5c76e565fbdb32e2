import { expect, it } from 'vitest';
import type { Run } from './run';
import { headlineOf } from './story';

function headline(of: Partial<Run>): string {
  const run = { epoch: 1, reason: null, handoff: null, deliveries: [], decisions: [], ...of };
  return headlineOf(run as unknown as Run);
}

it('says of a run that it was delivered only where somebody was told', () => {
  const delivery = { epoch: 1 } as Run['deliveries'][number];
  expect(headline({ status: 'completed' })).toContain('no target was to be told');
  expect(headline({ status: 'completed', deliveries: [delivery] })).toContain('was delivered');
});

it('blames the policy only for what the policy denied', () => {
  const hold = { epoch: 1, verdict: 'hold' } as Run['decisions'][number];
  const reason = 'no author signed its bundle';
  expect(headline({ status: 'denied', decisions: [hold], reason })).toBe(
    'It was refused when it was to start. Nothing ran. No author signed its bundle.',
  );
  const deny = { ...hold, verdict: 'deny' };
  expect(headline({ status: 'denied', decisions: [deny] })).toContain('The policy denied it');
});
