import { ChevronDown } from 'lucide-react';
import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';
import { fieldStyle } from './input';

/** The browser's own select: right on phones, with every keyboard, and under our content policy. */
export function Select({ className, ...rest }: ComponentProps<'select'>): ReactElement {
  return (
    <span className={cn('relative inline-flex min-w-0', className)}>
      <select className={cn(fieldStyle, 'h-9 appearance-none pr-8')} {...rest} />
      <ChevronDown
        aria-hidden
        className="pointer-events-none absolute top-2.5 right-2.5 size-4 text-muted"
      />
    </span>
  );
}
