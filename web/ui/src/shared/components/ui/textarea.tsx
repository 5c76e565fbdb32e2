import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';
import { fieldStyle } from './input';

export function Textarea({ className, ...rest }: ComponentProps<'textarea'>): ReactElement {
  return <textarea className={cn(fieldStyle, 'min-h-20 py-2', className)} {...rest} />;
}
