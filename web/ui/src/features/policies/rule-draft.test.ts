import { expect, test } from 'vitest';
import { draftOf, inOrder, moved, newReminder, ruleOf } from './rule-draft';

const RULE = {
  quorum: 2,
  groups: ['approver', 'acme-admins'],
  reason: 'required',
  expires_in_seconds: 86_400,
  execution_expires_in_seconds: 5_400,
  stages: [{ quorum: 1, groups: ['cfo'] }],
  remind: [1_800, 7_200],
  escalate: [{ after_seconds: 14_400, to: ['board'] }],
  reauthenticate: { max_age_seconds: 300, acr: 'gold' },
  reject_reasons: ['no order for it', 'wrong account'],
};

test('a rule is the same after the form', () => {
  expect(ruleOf(draftOf(RULE))).toEqual(RULE);
  const further = { ...RULE, colour: 'red' };
  expect(ruleOf(draftOf(further))).toEqual(further);
});

test('times are told in the largest unit that leaves nothing over', () => {
  const draft = draftOf(RULE);
  expect(draft.expires).toEqual({ amount: '1', unit: 'days' });
  expect(draft.executionExpires).toEqual({ amount: '90', unit: 'minutes' });
  expect(draftOf({ ...RULE, expires_in_seconds: 61 }).expires).toMatchObject({ unit: 'seconds' });
});

test('the first stage is the rule’s own, wherever it came from', () => {
  const draft = draftOf(RULE);
  const turned = ruleOf({ ...draft, stages: moved(draft.stages, 0, 1) });
  expect(turned).toMatchObject({
    quorum: 1,
    groups: ['cfo'],
    stages: [{ quorum: 2, groups: ['approver', 'acme-admins'] }],
  });
  expect(moved(draft.stages, 0, -1)).toBe(draft.stages);
});

test('what is no number goes to the server as it is typed', () => {
  const draft = draftOf({ ...RULE, quorum: 'two' });
  expect(ruleOf({ ...draft, expires: { amount: '1.5', unit: 'days' } })).toMatchObject({
    quorum: 'two',
    expires_in_seconds: '1.5',
  });
});

test('empty lines are no reasons, and a way to sign in that is not named is left out', () => {
  const draft = draftOf(RULE);
  const said = ruleOf({
    ...draft,
    rejectReasons: ' no order \n\n',
    reauthenticate: { age: { amount: '5', unit: 'minutes' }, acr: ' ' },
  });
  expect(said['reject_reasons']).toEqual(['no order']);
  expect(said['reauthenticate']).toEqual({ max_age_seconds: 300 });
});

test('reminders are put in order of time', () => {
  const draft = draftOf(RULE);
  const mixed = inOrder({ ...draft, remind: [...draft.remind, newReminder()] });
  expect(ruleOf(mixed)['remind']).toEqual([1_800, 3_600, 7_200]);
});
