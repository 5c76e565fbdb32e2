import type { components } from '@/shared/api/schema';

/** What the check says, as places in the text. */

export type PolicyFinding = components['schemas']['ProblemFound'];

export interface Marked {
  from: number;
  to: number;
  message: string;
}

/** Where each finding about the source stands; what names a line that is not there, at the end. */
export function marksIn(source: string, findings: readonly PolicyFinding[]): Marked[] {
  return findings
    .filter((each) => each.where === 'source')
    .map((each) => ({ ...placeOf(source, each), message: words(each) }));
}

function words({ policy, message, fix }: PolicyFinding): string {
  const named = policy === null ? message : `${policy}: ${message}`;
  return fix === null ? named : `${named} (${fix})`;
}

function placeOf(source: string, { line, column }: PolicyFinding): { from: number; to: number } {
  const lines = source.split('\n');
  const at = Math.min(Math.max(line ?? 1, 1), lines.length) - 1;
  const text = lines[at] ?? '';
  const begin = lines.slice(0, at).reduce((sum, each) => sum + each.length + 1, 0);
  const indent = text.length - text.trimStart().length;
  const start = Math.min(column === null ? indent : utf16(text, column - 1), text.length);
  const word = column === null ? null : /^[\w:]+/.exec(text.slice(start));
  const end = word === null ? text.trimEnd().length : start + word[0].length;
  return { from: begin + start, to: begin + Math.max(end, start) };
}

/** The server counts characters; a browser counts halves of those beyond the first 65,536. */
function utf16(text: string, characters: number): number {
  return Array.from(text).slice(0, characters).join('').length;
}
