import { useRef, type ReactElement } from 'react';
import { cn } from '@/shared/components/ui/cn';

/**
 * Text with line numbers. The browser's own text field: every keyboard, every screen reader, undo,
 * spelling off; and nothing that writes styles, which the content policy forbids.
 */
export function SourceEditor({
  label,
  value,
  onChange,
  badLines,
  describedBy,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  badLines: ReadonlySet<number>;
  describedBy: string;
}): ReactElement {
  const gutter = useRef<HTMLDivElement>(null);
  const lines = value.split('\n').length;
  return (
    <div className="grid h-[28rem] grid-cols-[auto_minmax(0,1fr)] overflow-hidden rounded-md border border-control bg-surface font-mono text-sm leading-5">
      <div
        ref={gutter}
        aria-hidden
        className="tabular overflow-hidden border-r border-line bg-sunken py-2 text-right text-muted select-none"
      >
        {Array.from({ length: lines }, (_, at) => (
          <div
            key={at}
            className={cn('px-2', badLines.has(at + 1) && 'bg-bad-soft font-medium text-bad')}
          >
            {at + 1}
          </div>
        ))}
      </div>
      <textarea
        aria-label={label}
        aria-invalid={badLines.size > 0}
        aria-describedby={describedBy}
        value={value}
        wrap="off"
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        className="resize-none overflow-auto bg-transparent px-3 py-2 whitespace-pre -outline-offset-2"
        onChange={(event) => {
          onChange(event.target.value);
        }}
        onScroll={(event) => {
          if (gutter.current !== null) gutter.current.scrollTop = event.currentTarget.scrollTop;
        }}
      />
    </div>
  );
}
