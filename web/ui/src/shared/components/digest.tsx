import type { ReactElement } from 'react';
import { CopyButton } from './copy-button';

const HEAD = 12;

/** A SHA-256: its beginning to compare at a glance, all of it to read and to copy. */
export function Digest({
  value,
  full = false,
  label = 'digest',
}: {
  value: string;
  full?: boolean;
  label?: string;
}): ReactElement {
  return (
    <span className="inline-flex max-w-full items-center gap-1 align-middle">
      <code title={value} className={full ? 'min-w-0 break-all' : 'whitespace-nowrap'}>
        {full ? grouped(value) : value.slice(0, HEAD)}
        {!full && <span aria-hidden>…</span>}
      </code>
      <CopyButton text={value} label={`Copy the ${label}`} />
    </span>
  );
}

/** Groups of eight are easier to compare; they are drawn apart, and copied as one. */
function grouped(value: string): ReactElement[] {
  return (value.match(/.{1,8}/g) ?? []).map((part, at) => (
    <span key={at} className={at % 2 === 0 ? undefined : 'text-muted'}>
      {part}
      <wbr />
    </span>
  ));
}
