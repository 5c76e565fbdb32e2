import { expect, test } from 'vitest';
import { begun, withPiece } from './verify';

const PIECE = {
  first: 1,
  last: 50,
  next: 'more',
  covered: 40,
  checkpoints: 2,
  segments: 0,
  reached_end: false,
  verdict: 'verified',
  first_bad: null,
  signer: null,
} as const;

test('pieces add up, and the worst verdict stays', () => {
  let state = withPiece(begun(120), PIECE);
  expect(state).toMatchObject({ reached: 50, total: 120, done: false, checkpoints: 2 });
  state = withPiece(state, { ...PIECE, last: 100, verdict: 'signer-unknown' });
  state = withPiece(state, { ...PIECE, last: 130, next: null, reached_end: true });
  expect(state).toMatchObject({ reached: 130, total: 130, done: true, verdict: 'signer-unknown' });
});

test('the first thing that does not hold ends it, though more would come', () => {
  const bad = { sequence: 7, place: 'entry 7', what: 'its hash is another' };
  const state = withPiece(begun(50), { ...PIECE, verdict: 'failed', first_bad: bad });
  expect(state).toMatchObject({ done: true, verdict: 'failed', firstBad: bad });
});
