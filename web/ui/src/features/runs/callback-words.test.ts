import { expect, test } from 'vitest';
import {
  askedAt,
  attemptsText,
  stateOf,
  tellsYet,
  todoOf,
  type RunCallback,
} from './callback-words';

const CALLBACK: RunCallback = {
  id: '0',
  epoch: 1,
  url: 'https://flows.example/done',
  target: 'flows',
  status: 'due',
  attempts: 0,
  status_code: null,
  error: null,
  created_at: '2026-05-04T05:00:00Z',
  finished_at: null,
};

test('a callback that was tried in vain says what happens next', () => {
  expect(todoOf(CALLBACK)).toBeUndefined();
  expect(attemptsText(CALLBACK)).toBe('None yet');
  const tried = { ...CALLBACK, attempts: 1 };
  expect(attemptsText(tried)).toBe('1 attempt');
  expect(todoOf(tried)).toContain('tried again');
  expect(todoOf({ ...tried, status: 'given_up' })).toContain('not tried again');
  expect(todoOf({ ...tried, status: 'delivered' })).toBeUndefined();
});

test('a state that is new here is told by its name', () => {
  expect(stateOf({ ...CALLBACK, status: 'held' })).toEqual({ tone: 'neutral', label: 'held' });
});

test('where a sender asked to be called back is read from what is kept of the run', () => {
  expect(askedAt({ origin: { callback: { url: 'https://flows.example/done' } } })).toBe(
    'https://flows.example/done',
  );
  expect(askedAt({ origin: { callback: 'x' } })).toBeUndefined();
  expect(askedAt({ origin: {} })).toBeUndefined();
});

test('a run is looked at again until its sender was told of this epoch', () => {
  const origin = { callback: { url: 'https://flows.example/done' } };
  const run = { origin, callbacks: [CALLBACK], epoch: 1, can_cancel: false, sealed_at: null };
  expect(tellsYet(run)).toBe(true);
  expect(tellsYet({ ...run, can_cancel: true })).toBe(false);
  expect(tellsYet({ ...run, origin: {} })).toBe(false);
  const told = [{ ...CALLBACK, finished_at: '2026-05-04T05:00:01Z' }];
  expect(tellsYet({ ...run, callbacks: told })).toBe(false);
  expect(tellsYet({ ...run, callbacks: told, epoch: 2 })).toBe(true);
  const sealed_at = '2026-05-04T05:00:00Z';
  expect(tellsYet({ ...run, sealed_at })).toBe(true);
  expect(tellsYet({ ...run, sealed_at, callbacks: [] })).toBe(false);
});
