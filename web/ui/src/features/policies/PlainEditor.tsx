import { useImperativeHandle, useRef, type ReactElement } from 'react';
import { marksIn } from './findings';
import type { SourceEditorProps } from './SourceEditor';

/** The browser's own text field: for where the other editor could not be loaded. */
export function PlainEditor({
  label,
  value,
  onChange,
  findings,
  describedBy,
  ref,
}: SourceEditorProps): ReactElement {
  const field = useRef<HTMLTextAreaElement>(null);
  useImperativeHandle(ref, () => ({
    goTo: (line, column) => {
      const before = value.split('\n').slice(0, line - 1);
      const at = before.reduce((sum, each) => sum + each.length + 1, 0) + (column ?? 1) - 1;
      field.current?.focus();
      field.current?.setSelectionRange(at, at);
    },
  }));
  return (
    <textarea
      ref={field}
      aria-label={label}
      aria-invalid={marksIn(value, findings ?? []).length > 0}
      aria-describedby={describedBy}
      value={value}
      wrap="off"
      spellCheck={false}
      autoCapitalize="off"
      autoComplete="off"
      className="h-[28rem] w-full resize-none overflow-auto rounded-md border border-control bg-surface px-3 py-2 font-mono text-sm whitespace-pre"
      onChange={(event) => {
        onChange(event.target.value);
      }}
    />
  );
}
