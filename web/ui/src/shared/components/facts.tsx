import type { ReactElement, ReactNode } from 'react';

/** Names and what they are, side by side; below one another on a phone. */
export function Facts({ children }: { children: ReactNode }): ReactElement {
  return <dl className="divide-y divide-line">{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }): ReactElement {
  return (
    <div className="grid gap-x-4 py-2 first:pt-0 last:pb-0 sm:grid-cols-[10rem_minmax(0,1fr)]">
      <dt className="text-sm text-muted">{name}</dt>
      <dd className="min-w-0 text-sm break-words">{children}</dd>
    </div>
  );
}
