import { StringStream } from '@codemirror/language';
import { expect, test } from 'vitest';
import { cedarParser, type CedarState } from './cedar-language';

function kinds(text: string): string[] {
  const state: CedarState = { quoted: false, depth: 0 };
  return text.split('\n').flatMap((line) => {
    const stream = new StringStream(line, 2, 2);
    const found: string[] = [];
    while (!stream.eol()) {
      stream.start = stream.pos;
      const kind = cedarParser.token(stream, state);
      if (kind !== null) found.push(`${stream.current()} ${kind}`);
    }
    return found;
  });
}

test('words of the language, strings, types and annotations are told apart', () => {
  expect(kinds('@id("a \\" b") forbid(principal is Person, action);')).toEqual([
    '@id meta',
    '( bracket',
    '"a \\" b" string',
    ') bracket',
    'forbid keyword',
    '( bracket',
    'principal variableName.special',
    'is keyword',
    'Person propertyName',
    ', operator',
    'action variableName.special',
    ') bracket',
    '; operator',
  ]);
  expect(kinds('resource in Tenant::"acme" // permit')).toEqual([
    'resource variableName.special',
    'in keyword',
    'Tenant typeName',
    ':: operator',
    '"acme" string',
    '// permit comment',
  ]);
  expect(kinds('context.amount >= 10 && true')).toEqual([
    'context variableName.special',
    '. operator',
    'amount propertyName',
    '>= operator',
    '10 number',
    '&& operator',
    'true bool',
  ]);
});

test('a string that is not closed goes on in the next line', () => {
  expect(kinds('"one\ntwo" permit')).toEqual(['"one string', 'two" string', 'permit keyword']);
});
