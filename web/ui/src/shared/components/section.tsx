import { useId, type ReactElement, type ReactNode } from 'react';
import { cn } from './ui/cn';
import { Card, CardContent, CardDescription, CardHeader, CardTitle } from './ui/card';

/** A part of a page under a heading of its own. */
export function Section({
  title,
  description,
  actions,
  flush = false,
  children,
}: {
  title: string;
  description?: ReactNode;
  actions?: ReactNode;
  /** What is inside reaches the edges: a table. */
  flush?: boolean;
  children: ReactNode;
}): ReactElement {
  const id = useId();
  return (
    <Card aria-labelledby={id} className="min-w-0">
      <div className="flex flex-wrap items-start gap-2 pr-4">
        <CardHeader className={cn('min-w-56 flex-1', flush && 'pb-3')}>
          <CardTitle id={id}>{title}</CardTitle>
          {description !== undefined && <CardDescription>{description}</CardDescription>}
        </CardHeader>
        {actions !== undefined && <div className="flex flex-wrap gap-2 pt-3 pl-4">{actions}</div>}
      </div>
      {flush ? children : <CardContent>{children}</CardContent>}
    </Card>
  );
}
