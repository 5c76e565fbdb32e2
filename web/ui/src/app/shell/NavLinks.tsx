import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { useIsHolding } from './holding';
import { InboxCount } from './InboxCount';
import { NAV, type NavItem } from './nav';
import { useTenant } from '@/shared/session/tenant';

export function NavLinks({
  group,
  onFollow,
}: {
  group: NavItem['group'];
  onFollow?: () => void;
}): ReactElement {
  const tenant = useTenant();
  const holding = useIsHolding();
  const items = NAV.filter((item) => item.group === group && (item.holding !== true || holding));
  return (
    <div>
      <p aria-hidden className="px-2.5 pb-1 text-xs text-muted first-letter:uppercase">
        {group}
      </p>
      <ul aria-label={group} className="space-y-0.5">
        {items.map(({ to, label, icon: Icon }) => (
          <li key={to}>
            <Link
              to={to}
              params={{ tenant }}
              {...(onFollow === undefined ? {} : { onClick: onFollow })}
              className="flex h-9 items-center gap-2.5 rounded-md px-2.5 text-sm text-muted hover:bg-sunken hover:text-text md:h-8 [&.active]:bg-accent-soft [&.active]:font-medium [&.active]:text-accent"
            >
              <Icon aria-hidden className="size-4.5" strokeWidth={1.75} />
              <span className="flex-1">{label}</span>
              {label === 'Inbox' && <InboxCount tenant={tenant} />}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
