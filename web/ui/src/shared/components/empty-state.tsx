import type { LucideIcon } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';

/** Nothing here, why that is, and what to do next. */
export function EmptyState({
  icon: Icon,
  title,
  children,
  action,
}: {
  icon?: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}): ReactElement {
  return (
    <div className="flex flex-col items-center gap-1 px-6 py-14 text-center">
      {Icon !== undefined && (
        <Icon aria-hidden className="mb-2 size-7 text-muted" strokeWidth={1.5} />
      )}
      <p className="font-medium">{title}</p>
      {children !== undefined && <div className="max-w-md text-sm text-muted">{children}</div>}
      {action !== undefined && <div className="mt-3">{action}</div>}
    </div>
  );
}
