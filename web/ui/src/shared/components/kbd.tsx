import type { ReactElement } from 'react';

export function Kbd({ keys }: { keys: string }): ReactElement {
  return (
    <span className="inline-flex gap-1">
      {keys.split(' ').map((key, at) => (
        <kbd
          key={at}
          className="inline-flex h-5 min-w-5 items-center justify-center rounded border border-line bg-sunken px-1 text-xs text-muted"
        >
          {key}
        </kbd>
      ))}
    </span>
  );
}
