import { useNavigate } from '@tanstack/react-router';
import { ChevronsUpDown } from 'lucide-react';
import type { ReactElement } from 'react';
import { useReachableTenants } from './reachable-tenants';
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuLabel,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuTrigger,
} from '@/shared/components/ui/dropdown-menu';
import { useTenant } from '@/shared/session/tenant';

/** Where one is, and where one may go. Another tenant is another address. */
export function TenantSwitcher(): ReactElement {
  const tenants = useReachableTenants();
  const tenant = useTenant();
  const navigate = useNavigate();
  return (
    <DropdownMenu>
      <DropdownMenuTrigger className="flex h-11 w-full items-center gap-2.5 rounded-md px-1.5 text-left hover:bg-sunken">
        <span
          aria-hidden
          className="flex size-8 shrink-0 items-center justify-center rounded-md bg-accent text-sm font-semibold text-on-accent uppercase"
        >
          {tenant.slice(0, 2)}
        </span>
        <span className="min-w-0 flex-1 truncate font-semibold">
          <span className="sr-only">Tenant: </span>
          {tenant}
        </span>
        <ChevronsUpDown aria-hidden className="size-4 shrink-0 text-muted" />
      </DropdownMenuTrigger>
      <DropdownMenuContent align="start" className="max-h-[70dvh] w-52 overflow-y-auto">
        <DropdownMenuLabel>Tenants</DropdownMenuLabel>
        <DropdownMenuRadioGroup
          value={tenant}
          onValueChange={(slug) =>
            void navigate({ to: '/t/$tenant/inbox', params: { tenant: slug } })
          }
        >
          {tenants.map((each) => (
            <DropdownMenuRadioItem key={each} value={each}>
              {each}
            </DropdownMenuRadioItem>
          ))}
        </DropdownMenuRadioGroup>
      </DropdownMenuContent>
    </DropdownMenu>
  );
}
