import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';

/** How far something is, of `max`. Give it an `aria-label`. */
export function Progress({ className, ...rest }: ComponentProps<'progress'>): ReactElement {
  return (
    <progress
      className={cn(
        'block h-2 w-full appearance-none overflow-hidden rounded-full border-0 bg-sunken [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-sunken [&::-webkit-progress-value]:bg-accent',
        className,
      )}
      {...rest}
    />
  );
}
