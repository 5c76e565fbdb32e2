import { expect, test } from 'vitest';
import { hasHidden, showHidden, showHiddenIn } from './hidden';

test('what turns text around or cannot be seen is spelled out', () => {
  expect(showHidden('pay \u202e001 EUR')).toBe('pay ⟦U+202E⟧001 EUR');
  expect(showHidden('a\u200bb\u0000c\u{e0041}')).toBe('a⟦U+200B⟧b⟦U+0000⟧c⟦U+E0041⟧');
  expect(hasHidden('zero\ufeffwidth')).toBe(true);
});

test('what can be seen stays as it is, whatever the script', () => {
  for (const text of ['Größe\n\tÄ', '支払い', 'שלום', '<img src=x onerror=alert(1)>', '🙂']) {
    expect(showHidden(text)).toBe(text);
  }
});

test('names of members are spelled out too', () => {
  expect(showHiddenIn({ 'a\u202e': ['\u200b', 1, null] })).toEqual({
    'a⟦U+202E⟧': ['⟦U+200B⟧', 1, null],
  });
});
