import type { ReactElement } from 'react';
import { CopyButton } from './copy-button';
import { cn } from './ui/cn';

/** Text as it is, never as markup. */
export function CodeBlock({
  text,
  label = 'Code',
  wrap = false,
  className,
}: {
  text: string;
  /** What it is, for who cannot see it: "Policy source". */
  label?: string;
  wrap?: boolean;
  className?: string;
}): ReactElement {
  return (
    <div className={cn('relative rounded-md border border-line bg-sunken', className)}>
      {/* It scrolls, so the keyboard must reach it. */}
      <pre
        tabIndex={0}
        role="region"
        aria-label={label}
        className={cn(
          'max-h-[32rem] overflow-auto p-3 pr-12 text-sm',
          wrap && 'break-words whitespace-pre-wrap',
        )}
      >
        {text}
      </pre>
      <div className="absolute top-1.5 right-1.5">
        <CopyButton text={text} />
      </div>
    </div>
  );
}
