import { expect, test } from 'vitest';
import { diffLines } from './line-diff';

const shown = (before: string, after: string): string[] =>
  diffLines(before, after).map(
    ({ kind, text }) => `${{ same: ' ', gone: '-', new: '+' }[kind]}${text}`,
  );

test('what stayed, went and came is told line by line', () => {
  expect(shown('a\nb\nc\n', 'a\nx\nc\nd\n')).toEqual([' a', '-b', '+x', ' c', '+d']);
});

test('equal texts have no difference, and nothing is not an empty line', () => {
  expect(shown('a\n', 'a\n')).toEqual([' a']);
  expect(shown('', 'a\n')).toEqual(['+a']);
  expect(shown('a\n', '')).toEqual(['-a']);
});

test('either text can be had back from the difference', () => {
  const before = Array.from({ length: 60 }, (_, at) => `line ${(at * 7) % 23}`);
  const after = Array.from({ length: 55 }, (_, at) => `line ${(at * 5) % 19}`);
  const lines = diffLines(before.join('\n'), after.join('\n'));
  expect(lines.filter((line) => line.kind !== 'new').map((line) => line.text)).toEqual(before);
  expect(lines.filter((line) => line.kind !== 'gone').map((line) => line.text)).toEqual(after);
  expect(lines.map((line) => line.after).filter((at) => at !== undefined)).toEqual(
    Array.from({ length: 55 }, (_, at) => at + 1),
  );
});

test('texts with nothing in common are shown whole, in bounded time', () => {
  const text = (word: string): string =>
    Array.from({ length: 3_000 }, (_, at) => `${word} ${at}`).join('\n');
  const lines = diffLines(text('a'), text('b'));
  expect(lines).toHaveLength(6_000);
  expect(lines[0]?.kind).toBe('gone');
});
