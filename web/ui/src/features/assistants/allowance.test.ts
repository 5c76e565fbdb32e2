import { expect, it } from 'vitest';
import { allowOf, draftOf, limitsOf } from './allowance';

const ALLOWED = {
  network: [
    { url: 'https://api.example.com/v1/', methods: ['GET', 'POST'] },
    { url: 'http://erp.internal/', methods: ['GET'], private: true, credential: 'erp' },
  ],
  environment: { REGION: 'eu' },
  gateway: { calls: 10, answer_bytes: 1536 * 1024 },
  llm: { url: 'https://llm.example.com/v1/', models: ['small', 'large'], tokens: 500 },
  memory: { entries: 5000, model: 'small' },
  syscalls: { profile: 'strict', add: ['threads'] },
  made_later: { size: 3 },
};

it('gives back what it was made from, also what it has no fields for', () => {
  const draft = draftOf(ALLOWED, { wall_seconds: 9.5, memory_bytes: 64 * 1024 * 1024 });
  expect(allowOf(draft)).toEqual(ALLOWED);
  expect(limitsOf(draft)).toEqual({ wall_seconds: 9.5, memory_bytes: 64 * 1024 * 1024 });
});

it('allows nothing where nothing is said', () => {
  expect(allowOf(draftOf({}, {}))).toEqual({});
  expect(limitsOf(draftOf({}, {}))).toEqual({});
});

it('names what could not be sent', () => {
  const draft = draftOf(ALLOWED, {});
  const [first] = draft.variables;
  const twice = { ...draft, variables: [first, { ...first, key: 1 }] as typeof draft.variables };
  expect(() => allowOf(twice)).toThrow('REGION is there twice');
  expect(() => allowOf({ ...draft, gateway: { calls: 'many' } })).toThrow('Calls must be a number');
  expect(() => allowOf({ ...draft, more: '[1]' })).toThrow('a JSON object');
});
