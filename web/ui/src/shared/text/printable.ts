/**
 * What a program or a stranger wrote, so that all of it is seen: what a terminal would obey, what
 * turns text around and what has no width is named instead of done.
 */

export interface Piece {
  text: string;
  /** It stands for a character that would not have been seen. */
  named: boolean;
}

// Controls but tab, soft hyphen, zero width, direction, separators, invisible operators, tags,
// variation selectors' supplement, halves of pairs.
const UNSEEN =
  /* eslint-disable-next-line no-control-regex, no-misleading-character-class */
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e01ef}]|\p{Surrogate}/gu;
const SHORT: Record<string, string> = {
  '\u001b': '␛',
  '\r': '␍',
  '\n': '␊',
  '\u0000': '␀',
  '\u0007': '␇',
};

export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(UNSEEN)) {
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), named: false });
    pieces.push({ text: nameOf(match[0]), named: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), named: false });
  return pieces;
}

function nameOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return SHORT[character] ?? `⟨U+${code}⟩`;
}
