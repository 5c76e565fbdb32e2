import { expect, it } from 'vitest';
import { ruleWords } from './rule-words';

it('says everything a rule can ask', () => {
  expect(
    ruleWords({
      quorum: 2,
      groups: ['finance', 'board'],
      reason: 'required',
      expires_in_seconds: 86_400,
      remind: [3_600],
      escalate: [{ after_seconds: 28_800, to: ['holding-admins'] }],
      stages: [{ quorum: 1, groups: ['board'] }],
      reauthenticate: { max_age_seconds: 300, acr: 'second-factor' },
      reject_reasons: ['no order for it'],
    }),
  ).toEqual([
    '2 people of finance or board must agree.',
    'Then one person of board.',
    'Who votes must say why.',
    'It expires 24 h 00 min after it was asked.',
    'Reminds after 1 h 00 min.',
    'After 8 h 00 min, holding-admins may vote too.',
    'Who approves must have signed in within 5 min 00 s with second-factor.',
    'Offers reasons to reject: no order for it.',
  ]);
});

it('survives a rule of another shape', () => {
  expect(ruleWords({ quorum: 1, groups: 'x', stages: 7, escalate: [null] })).toHaveLength(1);
});
