import type { ComponentProps, ReactElement } from 'react';
import { cn } from './cn';

export function Card({ className, ...rest }: ComponentProps<'section'>): ReactElement {
  return (
    <section className={cn('rounded-lg border border-line bg-surface', className)} {...rest} />
  );
}

export function CardHeader({ className, ...rest }: ComponentProps<'div'>): ReactElement {
  return <div className={cn('space-y-0.5 px-4 pt-4', className)} {...rest} />;
}

export function CardTitle({ className, children, ...rest }: ComponentProps<'h2'>): ReactElement {
  return (
    <h2 className={cn('text-base', className)} {...rest}>
      {children}
    </h2>
  );
}

export function CardDescription({ className, ...rest }: ComponentProps<'p'>): ReactElement {
  return <p className={cn('text-sm text-muted', className)} {...rest} />;
}

export function CardContent({ className, ...rest }: ComponentProps<'div'>): ReactElement {
  return <div className={cn('p-4', className)} {...rest} />;
}

export function CardFooter({ className, ...rest }: ComponentProps<'div'>): ReactElement {
  return (
    <div
      className={cn('flex items-center gap-2 border-t border-line px-4 py-3', className)}
      {...rest}
    />
  );
}
