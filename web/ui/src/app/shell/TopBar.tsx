import type { ReactElement } from 'react';
import { TenantSwitcher } from './TenantSwitcher';
import { UserMenu } from './UserMenu';

/** On a phone: where one is, and who. */
export function TopBar(): ReactElement {
  return (
    <header className="sticky top-0 z-30 flex items-center justify-between border-b border-line bg-surface px-2 md:hidden">
      <div className="min-w-0 py-0.5">
        <TenantSwitcher />
      </div>
      <div>
        <UserMenu />
      </div>
    </header>
  );
}
