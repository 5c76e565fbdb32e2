import { Link } from '@tanstack/react-router';
import { Menu } from 'lucide-react';
import { useState, type ReactElement } from 'react';
import { InboxCount } from './InboxCount';
import { GROUPS, NAV } from './nav';
import { NavLinks } from './NavLinks';
import { Sheet, SheetContent, SheetTitle, SheetTrigger } from '@/shared/components/ui/sheet';
import { useTenant } from '@/shared/session/tenant';

const cell =
  'relative flex flex-1 flex-col items-center justify-center gap-0.5 text-xs text-muted [&.active]:text-accent [&_svg]:size-5';

/** On a phone: the pages one needs on the way, under the thumb; the others in a sheet. */
export function BottomBar(): ReactElement {
  const tenant = useTenant();
  const [open, setOpen] = useState(false);
  return (
    <nav
      aria-label="Main pages"
      className="fixed inset-x-0 bottom-0 z-30 flex h-[calc(3.75rem+env(safe-area-inset-bottom))] border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {NAV.filter((item) => item.bar === true).map(({ to, label, icon: Icon }) => (
        <Link key={to} to={to} params={{ tenant }} className={cell}>
          <Icon aria-hidden strokeWidth={1.75} />
          {label}
          {label === 'Inbox' && (
            <span className="absolute top-1 left-1/2 ml-1.5">
              <InboxCount tenant={tenant} />
            </span>
          )}
        </Link>
      ))}
      <Sheet open={open} onOpenChange={setOpen}>
        <SheetTrigger className={cell}>
          <Menu aria-hidden strokeWidth={1.75} />
          More
        </SheetTrigger>
        <SheetContent side="bottom" aria-describedby={undefined}>
          <SheetTitle className="px-2.5 pb-3 text-base">Pages</SheetTitle>
          <div className="space-y-4">
            {GROUPS.map((group) => (
              <NavLinks
                key={group}
                group={group}
                onFollow={() => {
                  setOpen(false);
                }}
              />
            ))}
          </div>
        </SheetContent>
      </Sheet>
    </nav>
  );
}
