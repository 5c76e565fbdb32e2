import { Search } from 'lucide-react';
import type { ReactElement } from 'react';
import { GROUPS } from './nav';
import { NavLinks } from './NavLinks';
import { TenantSwitcher } from './TenantSwitcher';
import { UserMenu } from './UserMenu';
import { Kbd } from '@/shared/components/kbd';

export function Sidebar({ onSearch }: { onSearch: () => void }): ReactElement {
  return (
    <aside className="sticky top-0 hidden h-dvh flex-col border-r border-line bg-surface md:flex">
      <div className="space-y-2 p-3">
        <TenantSwitcher />
        <button
          type="button"
          onClick={onSearch}
          className="flex h-9 w-full items-center gap-2 rounded-md border border-line px-2.5 text-sm text-muted hover:bg-sunken"
        >
          <Search aria-hidden className="size-4" />
          <span className="flex-1 text-left">Go to…</span>
          <Kbd keys="Ctrl K" />
        </button>
      </div>
      <nav aria-label="Pages" className="flex-1 space-y-4 overflow-y-auto px-3 pb-3">
        {GROUPS.map((group) => (
          <NavLinks key={group} group={group} />
        ))}
      </nav>
      <div className="border-t border-line p-2">
        <UserMenu />
      </div>
    </aside>
  );
}
