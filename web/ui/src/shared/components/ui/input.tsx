import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';

export const fieldStyle =
  'w-full min-w-0 rounded-md border border-control bg-surface px-3 text-text placeholder:text-muted disabled:opacity-55 aria-invalid:border-bad';

export function Input({
  className,
  type = 'text',
  ...rest
}: ComponentProps<'input'>): ReactElement {
  return <input type={type} className={cn(fieldStyle, 'h-9', className)} {...rest} />;
}
