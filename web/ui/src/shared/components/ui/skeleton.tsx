import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';

/** The shape of what is coming. Put `aria-busy` on what holds it. */
export function Skeleton({ className, ...rest }: ComponentProps<'div'>): ReactElement {
  return (
    <div aria-hidden className={cn('animate-breathe rounded bg-line/70', className)} {...rest} />
  );
}

export function SkeletonLines({ lines = 3 }: { lines?: number }): ReactElement {
  return (
    <div aria-busy className="space-y-2" role="status">
      <span className="sr-only">Loading</span>
      {Array.from({ length: lines }, (_, at) => (
        <Skeleton key={at} className={cn('h-4', at === lines - 1 ? 'w-2/3' : 'w-full')} />
      ))}
    </div>
  );
}

export function SkeletonRows({ rows = 8 }: { rows?: number }): ReactElement {
  return (
    <div aria-busy className="divide-y divide-line" role="status">
      <span className="sr-only">Loading</span>
      {Array.from({ length: rows }, (_, at) => (
        <div key={at} className="flex items-center gap-4 px-4 py-3">
          <Skeleton className="h-4 w-20" />
          <Skeleton className="h-4 flex-1" />
          <Skeleton className="h-4 w-16" />
        </div>
      ))}
    </div>
  );
}
