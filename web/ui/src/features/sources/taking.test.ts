import { expect, test } from 'vitest';
import { headersIn, intakeIn, rulesOf, sampleIn, shownIntake } from './taking';

function form(fields: Record<string, string>): FormData {
  const made = new FormData();
  for (const [name, value] of Object.entries(fields)) made.set(name, value);
  return made;
}

test('an intake is read from the form as it is shown in it', () => {
  const intake = {
    bodies: ['form', 'cloudevents'],
    json_member: 'payload',
    event_id: { pointer: '/data/id' },
    max_body_bytes: 4096,
    max_json_depth: 8,
    rate: { per_minute: 600, burst: 10 },
  };
  const shown = shownIntake(intake);
  const typed = form({
    ...Object.fromEntries(shown.bodies.map((each) => [`body.${each}`, 'on'])),
    json_member: shown.jsonMember,
    id_by: shown.idBy,
    id_at: shown.idAt,
    max_body_bytes: shown.bytes,
    max_json_depth: shown.depth,
    per_minute: shown.perMinute,
    burst: shown.burst,
  });
  expect(intakeIn(typed)).toEqual(intake);
});

test('what is left empty goes back to its default', () => {
  expect(shownIntake({}).idBy).toBe('scheme');
  expect(intakeIn(form({ id_by: 'scheme', id_at: '/old', per_minute: ' ' }))).toEqual({});
  expect(() => intakeIn(form({ burst: '5' }))).toThrow('a minute too');
});

test('an event is tried by the rules in the form, or by those the source has', () => {
  const event = { event: ' {}', content_type: 'application/json', headers: 'X-Kind: a:b' };
  const headers = { 'Content-Type': 'application/json', 'X-Kind': 'a:b' };
  expect(sampleIn(form(event))).toEqual({ body: ' {}', headers });
  expect(sampleIn(form({ ...event, mapping: '{"rules": []}' }))).toEqual({
    body: ' {}',
    headers,
    mapping: { rules: [] },
  });
  expect(() => sampleIn(form({ ...event, mapping: '{' }))).toThrow('The rules: ');
});

test('what is no header, or no rule, is not taken for one', () => {
  expect(headersIn('\nA: 1\n')).toEqual({ A: '1' });
  expect(() => headersIn('A 1')).toThrow('is no header');
  expect(rulesOf({ rules: [{ name: 'paid' }, 7] })).toEqual([
    { name: 'paid', when: '', assistant: '' },
    { name: '', when: '', assistant: '' },
  ]);
  expect(rulesOf({})).toEqual([]);
});
