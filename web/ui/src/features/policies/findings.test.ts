import { expect, test } from 'vitest';
import { marksIn, type PolicyFinding } from './findings';

const SOURCE = '@id("one")\npermit (principal);\n  when { context.cents };\n';
const FINDING: PolicyFinding = {
  where: 'source',
  line: 2,
  column: null,
  policy: null,
  message: 'is not so',
  fix: null,
};

function marked(finding: Partial<PolicyFinding>, source = SOURCE): string[] {
  return marksIn(source, [{ ...FINDING, ...finding }]).map(({ from, to }) =>
    source.slice(from, to),
  );
}

test('a finding marks its word, or its line where no column is told', () => {
  expect(marked({ column: 9 })).toEqual(['principal']);
  expect(marked({})).toEqual(['permit (principal);']);
  expect(marked({ line: 3 })).toEqual(['when { context.cents };']);
});

test('what the server counts as one character is one', () => {
  expect(marked({ line: 1, column: 5 }, '"🙂" word')).toEqual(['word']);
});

test('a place that is not there is the nearest that is', () => {
  expect(marked({ line: 99, column: 99 })).toEqual(['']);
  expect(marked({ line: null })).toEqual(['@id("one")']);
});

test('what is wrong elsewhere marks nothing, and a fix is told with what it mends', () => {
  expect(marksIn(SOURCE, [{ ...FINDING, where: 'tests' }])).toEqual([]);
  const [mark] = marksIn(SOURCE, [{ ...FINDING, policy: 'one', fix: 'remove it' }]);
  expect(mark?.message).toBe('one: is not so (remove it)');
});
