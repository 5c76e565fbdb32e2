import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { useTenant } from '@/shared/session/tenant';

const TABS = [
  { to: '/t/$tenant/settings', label: 'You' },
  { to: '/t/$tenant/settings/tenant', label: 'Tenant' },
  { to: '/t/$tenant/settings/persons', label: 'Persons' },
  { to: '/t/$tenant/settings/notices', label: 'Notices' },
] as const;

export function SettingsTabs(): ReactElement {
  const tenant = useTenant();
  return (
    <nav aria-label="Parts of the settings" className="mb-4 border-b border-line">
      <ul className="flex gap-4">
        {TABS.map(({ to, label }) => (
          <li key={to}>
            <Link
              to={to}
              params={{ tenant }}
              activeOptions={{ exact: true, includeSearch: false }}
              className="-mb-px inline-flex min-h-9 items-center border-b-2 border-transparent text-sm font-medium text-muted hover:text-text [&.active]:border-accent [&.active]:text-text"
            >
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
