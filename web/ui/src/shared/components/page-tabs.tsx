import { Link, type LinkProps } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { useTenant } from '@/shared/session/tenant';

export interface PageTab {
  to: Extract<LinkProps['to'], `/t/$tenant/${string}`>;
  label: string;
}

/** Pages that belong together: the one that is shown stands out. */
export function PageTabs({
  label,
  tabs,
}: {
  /** Of what they are the parts. */
  label: string;
  tabs: readonly PageTab[];
}): ReactElement {
  const tenant = useTenant();
  return (
    <nav aria-label={label} className="mb-4 border-b border-line">
      <ul className="flex flex-wrap gap-x-4">
        {tabs.map(({ to, label: name }) => (
          <li key={to}>
            <Link
              to={to}
              params={{ tenant }}
              activeOptions={{ exact: true, includeSearch: false }}
              className="-mb-px inline-flex min-h-9 items-center border-b-2 border-transparent text-sm font-medium text-muted hover:text-text [&.active]:border-accent [&.active]:text-text"
            >
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
