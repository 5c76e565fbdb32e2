/** Which lines went and came between two texts: Myers' greedy algorithm, bounded. */

export interface DiffLine {
  kind: 'same' | 'gone' | 'new';
  text: string;
  /** Line numbers, from 1, in the old and the new text. */
  before: number | undefined;
  after: number | undefined;
}

/** Past so many changed lines the texts have little in common: shown as gone and new, whole. */
const MOST_EDITS = 600;

export function diffLines(before: string, after: string): DiffLine[] {
  const a = linesOf(before);
  const b = linesOf(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (
    end < a.length - start &&
    end < b.length - start &&
    a[a.length - 1 - end] === b[b.length - 1 - end]
  ) {
    end += 1;
  }
  const middle = edits(a.slice(start, a.length - end), b.slice(start, b.length - end));
  const kinds: DiffLine['kind'][] = [
    ...Array.from({ length: start }, () => 'same' as const),
    ...middle,
    ...Array.from({ length: end }, () => 'same' as const),
  ];
  return number(kinds, a, b);
}

function linesOf(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function number(kinds: DiffLine['kind'][], a: string[], b: string[]): DiffLine[] {
  let i = 0;
  let j = 0;
  return kinds.map((kind) => {
    const before = kind === 'new' ? undefined : ++i;
    const after = kind === 'gone' ? undefined : ++j;
    const text = (before === undefined ? b[j - 1] : a[i - 1]) ?? '';
    return { kind, text, before, after };
  });
}

function edits(a: string[], b: string[]): DiffLine['kind'][] {
  const trace = search(a, b);
  if (trace === undefined) {
    return [...a.map(() => 'gone' as const), ...b.map(() => 'new' as const)];
  }
  return walkBack(trace, a.length, b.length);
}

/** The furthest reach on each diagonal after each number of edits; undefined past the bound. */
function search(a: string[], b: string[]): Map<number, number>[] | undefined {
  const trace: Map<number, number>[] = [];
  let reach = new Map<number, number>([[1, 0]]);
  for (let d = 0; d <= Math.min(a.length + b.length, MOST_EDITS); d += 1) {
    trace.push(new Map(reach));
    const next = new Map(reach);
    for (let k = -d; k <= d; k += 2) {
      let x = fromAbove(next, k, d) ? (next.get(k + 1) ?? 0) : (next.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return trace;
    }
    reach = next;
  }
  return undefined;
}

function fromAbove(reach: Map<number, number>, k: number, d: number): boolean {
  return k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
}

function walkBack(trace: Map<number, number>[], n: number, m: number): DiffLine['kind'][] {
  const found: DiffLine['kind'][] = [];
  let x = n;
  let y = m;
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const reach = trace[d] ?? new Map<number, number>();
    const k = x - y;
    const previous = fromAbove(reach, k, d) ? k + 1 : k - 1;
    const px = d === 0 ? 0 : (reach.get(previous) ?? 0);
    const py = d === 0 ? 0 : px - previous;
    while (x > px && y > py) {
      found.push('same');
      x -= 1;
      y -= 1;
    }
    if (d > 0) found.push(x === px ? 'new' : 'gone');
    x = px;
    y = py;
  }
  return found.reverse();
}
