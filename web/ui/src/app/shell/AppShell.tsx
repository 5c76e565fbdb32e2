import { Outlet } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { ApprovalAlerts } from './ApprovalAlerts';
import { BottomBar } from './BottomBar';
import { CommandPalette } from './CommandPalette';
import { KeyboardHelp } from './KeyboardHelp';
import { Sidebar } from './Sidebar';
import { TopBar } from './TopBar';
import { VisitBanner } from './VisitBanner';
import { useFocusOnNavigation } from './focus';
import { useGoToKeys } from './go-to';
import { LiveProvider } from '@/shared/live/live';
import { useTenant } from '@/shared/session/tenant';

/** What surrounds every page of a tenant. */
export function AppShell(): ReactElement {
  const tenant = useTenant();
  const [paletteOpen, setPaletteOpen] = useState(false);
  useGoToKeys();
  useFocusOnNavigation();
  return (
    <LiveProvider key={tenant} tenant={tenant}>
      <a
        href="#main"
        className="fixed top-2 left-2 z-50 -translate-y-20 rounded-md bg-accent px-4 py-2 text-on-accent focus-visible:translate-y-0"
      >
        Skip to the page
      </a>
      <div className="md:grid md:min-h-dvh md:grid-cols-[14rem_minmax(0,1fr)]">
        <Sidebar
          onSearch={() => {
            setPaletteOpen(true);
          }}
        />
        <div className="flex min-w-0 flex-col pb-16 md:pb-0">
          <TopBar />
          <VisitBanner />
          <main id="main" tabIndex={-1} className="min-w-0 flex-1 outline-none">
            <Outlet />
          </main>
        </div>
      </div>
      <BottomBar />
      <CommandPalette open={paletteOpen} onOpenChange={setPaletteOpen} />
      <KeyboardHelp />
      <ApprovalAlerts tenant={tenant} />
    </LiveProvider>
  );
}
