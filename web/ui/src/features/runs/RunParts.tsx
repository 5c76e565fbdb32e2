import { Link } from '@tanstack/react-router';
import type { ReactElement, ReactNode } from 'react';
import { CopyButton } from '@/shared/components/copy-button';
import { Card, CardContent } from '@/shared/components/ui/card';
import { useTenant } from '@/shared/session/tenant';

/** One of several of a kind: an execution, a delivery. */
export function Part({ title, children }: { title: ReactNode; children: ReactNode }): ReactElement {
  return (
    <Card>
      <CardContent className="space-y-3">
        <h3 className="flex flex-wrap items-center gap-2 text-sm">{title}</h3>
        {children}
      </CardContent>
    </Card>
  );
}

export function Parts({ children }: { children: ReactNode }): ReactElement {
  return <div className="space-y-3">{children}</div>;
}

export function Id({ value, what }: { value: string; what: string }): ReactElement {
  return (
    <span className="inline-flex max-w-full items-center gap-1">
      <code className="min-w-0 break-all">{value}</code>
      <CopyButton text={value} label={`Copy the ${what}`} />
    </span>
  );
}

export function ApprovalLink({ id, children }: { id: string; children: ReactNode }): ReactElement {
  const to = ['', 't', useTenant(), 'approvals', id].join('/');
  return (
    <Link to={to} className="text-accent underline underline-offset-2">
      {children}
    </Link>
  );
}
