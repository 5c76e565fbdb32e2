import { Label as Radix } from 'radix-ui';
import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';

export function Label({ className, ...rest }: ComponentProps<typeof Radix.Root>): ReactElement {
  return <Radix.Root className={cn('text-sm font-medium', className)} {...rest} />;
}
