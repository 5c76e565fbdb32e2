import { useMemo, useState, type ReactElement } from 'react';
import { diffLines, type DiffLine } from './line-diff';
import { Button } from './ui/button';
import { cn } from './ui/cn';

const CONTEXT_LINES = 3;
const LINES_AT_ONCE = 1_000;
const SIGNS = { same: ' ', gone: '-', new: '+' } as const;
const WORDS = { same: '', gone: 'removed: ', new: 'added: ' } as const;
const STYLES = { same: '', gone: 'bg-bad-soft', new: 'bg-ok-soft' } as const;

/** Two texts, what went and what came, with a little of what stayed around it. */
export function DiffView({
  before,
  after,
  label,
}: {
  before: string;
  after: string;
  /** What is compared, for who cannot see it: "Policy, version 3 against 4". */
  label: string;
}): ReactElement {
  const lines = useMemo(() => diffLines(before, after), [before, after]);
  const [shown, setShown] = useState(LINES_AT_ONCE);
  const hunks = useMemo(() => hunksOf(lines.slice(0, shown)), [lines, shown]);
  if (lines.every((line) => line.kind === 'same')) {
    return <p className="text-sm text-muted">No difference.</p>;
  }
  return (
    <div className="overflow-hidden rounded-md border border-line">
      {/* It scrolls, so the keyboard must reach it. */}
      <div
        role="region"
        aria-label={label}
        tabIndex={0}
        className="max-h-[40rem] overflow-auto bg-surface"
      >
        <table className="w-full border-collapse font-mono text-sm">
          <tbody>
            {hunks.map((each) =>
              typeof each === 'number' ? (
                <Gap key={`gap-${each}`} />
              ) : (
                <Line key={keyOf(each)} line={each} />
              ),
            )}
          </tbody>
        </table>
      </div>
      {lines.length > shown && (
        <Button
          size="small"
          variant="ghost"
          onClick={() => {
            setShown(shown + LINES_AT_ONCE);
          }}
        >
          Show more of {lines.length} lines
        </Button>
      )}
    </div>
  );
}

function Line({ line }: { line: DiffLine }): ReactElement {
  return (
    <tr className={STYLES[line.kind]}>
      <td className="w-px px-2 text-right text-muted select-none">{line.before}</td>
      <td className="w-px px-2 text-right text-muted select-none">{line.after}</td>
      <td className={cn('px-2 break-all whitespace-pre-wrap')}>
        <span aria-hidden className="mr-2 text-muted select-none">
          {SIGNS[line.kind]}
        </span>
        <span className="sr-only">{WORDS[line.kind]}</span>
        {line.text}
      </td>
    </tr>
  );
}

function Gap(): ReactElement {
  return (
    <tr className="bg-sunken text-muted">
      <td colSpan={3} className="px-2 text-center select-none">
        ⋯<span className="sr-only">unchanged lines left out</span>
      </td>
    </tr>
  );
}

function keyOf(line: DiffLine): string {
  return `${line.before ?? ''}:${line.after ?? ''}`;
}

/** The lines near a change; a number stands where others were left out. */
function hunksOf(lines: readonly DiffLine[]): (DiffLine | number)[] {
  const near = new Set<number>();
  lines.forEach((line, at) => {
    if (line.kind === 'same') return;
    for (let each = at - CONTEXT_LINES; each <= at + CONTEXT_LINES; each += 1) near.add(each);
  });
  const found: (DiffLine | number)[] = [];
  lines.forEach((line, at) => {
    if (near.has(at)) found.push(line);
    else if (typeof found.at(-1) !== 'number') found.push(at);
  });
  return found;
}
