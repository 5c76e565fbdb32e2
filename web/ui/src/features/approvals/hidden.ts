/**
 * Characters that are not seen but change how text reads: directions turned around, letters of no
 * width, controls. Whoever decides must see that they are there.
 */

const RANGES: readonly (readonly [from: number, to: number])[] = [
  [0x00, 0x08], // controls, but tab and newline
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad], // soft hyphen
  [0x61c, 0x61c], // Arabic letter mark
  [0x115f, 0x1160], // Hangul fillers
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f], // no width, and directions
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0e], // variation selectors; the one after is in every other emoji
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff9, 0xfffb],
  [0xd800, 0xdfff], // halves of a character
  [0xe0000, 0xe01ef], // tags
];
const hex = (code: number): string => `\\u{${code.toString(16)}}`;
const HIDDEN = new RegExp(
  `[${RANGES.map(([from, to]) => `${hex(from)}-${hex(to)}`).join('')}]`,
  'gu',
);

export function showHidden(text: string): string {
  return text.replace(
    HIDDEN,
    (each) => `⟦U+${(each.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟧`,
  );
}

export function hasHidden(text: string): boolean {
  return showHidden(text) !== text;
}

/** The same for every text in a JSON value, names of members included. */
export function showHiddenIn(value: unknown): unknown {
  if (typeof value === 'string') return showHidden(value);
  if (Array.isArray(value)) return value.map(showHiddenIn);
  if (typeof value !== 'object' || value === null || isExact(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [showHidden(name), showHiddenIn(member)]),
  );
}

function isExact(value: object): boolean {
  return value instanceof Number;
}
