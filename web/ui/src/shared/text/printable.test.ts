import { describe, expect, it } from 'vitest';
import { piecesOf } from './printable';

const said = (text: string): string =>
  piecesOf(text)
    .map((each) => each.text)
    .join('');

describe('what a stranger wrote', () => {
  it('stays as it is where all of it is seen', () => {
    expect(piecesOf('Übung 7\t<b>✓</b>')).toEqual([{ text: 'Übung 7\t<b>✓</b>', named: false }]);
  });

  it('does not command a terminal', () => {
    expect(said('\u001b[31mred\u0007\r')).toBe('␛[31mred␇␍');
  });

  it('does not turn around, vanish, or hide in tags', () => {
    expect(said('a\u202eb\u200bc\u{e0041}')).toBe('a⟨U+202E⟩b⟨U+200B⟩c⟨U+E0041⟩');
  });

  it('names half a pair, and keeps a whole one', () => {
    expect(said('\ud83d')).toBe('⟨U+D83D⟩');
    expect(said('😀')).toBe('😀');
  });

  it('is nothing where there is nothing', () => {
    expect(piecesOf('')).toEqual([]);
  });
});
