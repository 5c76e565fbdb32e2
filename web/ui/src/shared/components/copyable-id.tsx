import type { ReactElement } from 'react';
import { CopyButton } from './copy-button';

const TAIL = 12;

/** An id: its end to tell it from others, all of it to copy. */
export function CopyableId({ value, label }: { value: string; label: string }): ReactElement {
  return (
    <span className="inline-flex items-center gap-1 align-middle">
      <code title={value} className="whitespace-nowrap text-muted">
        {value.slice(-TAIL)}
      </code>
      <CopyButton text={value} label={`Copy the ${label}`} />
    </span>
  );
}
