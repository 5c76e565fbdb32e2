import { useNavigate } from '@tanstack/react-router';
import { LogOut, Monitor, Moon, Settings, Sun } from 'lucide-react';
import type { ReactElement } from 'react';
import { LiveDot } from './LiveDot';
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '@/shared/components/ui/dropdown-menu';
import { rolesIn, useMe } from '@/shared/session/me';
import { signOut } from '@/shared/session/sign-in';
import { useTenant } from '@/shared/session/tenant';
import { setAppearance, useAppearance, type Theme } from '@/shared/theme/appearance';

const THEMES = [
  { value: 'light', label: 'Light', icon: Sun },
  { value: 'dark', label: 'Dark', icon: Moon },
  { value: 'system', label: 'As the system', icon: Monitor },
] as const;

export function UserMenu(): ReactElement {
  const me = useMe();
  const tenant = useTenant();
  const navigate = useNavigate();
  const { theme } = useAppearance();
  const roles = rolesIn(me, tenant).join(', ');
  return (
    <DropdownMenu>
      <DropdownMenuTrigger className="flex min-h-11 w-full items-center gap-2.5 rounded-md px-1.5 py-1 text-left hover:bg-sunken">
        <span
          aria-hidden
          className="relative flex size-8 shrink-0 items-center justify-center rounded-full bg-sunken text-sm font-medium text-muted"
        >
          {initials(me.name)}
          <LiveDot />
        </span>
        <span className="sr-only">
          You: {me.name}, {roles || 'no role here'}
        </span>
        <span aria-hidden className="hidden min-w-0 flex-1 md:block">
          <span className="block truncate text-sm font-medium">{me.name}</span>
          <span className="block truncate text-xs text-muted">{roles || 'no role here'}</span>
        </span>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="end" className="w-56">
        <DropdownMenuLabel>
          <span className="block font-medium text-text">{me.name}</span>
          {roles || 'no role here'}
        </DropdownMenuLabel>
        <DropdownMenuSeparator />
        <DropdownMenuRadioGroup
          value={theme}
          onValueChange={(value) => {
            setAppearance({ theme: value as Theme });
          }}
        >
          {THEMES.map(({ value, label, icon: Icon }) => (
            <DropdownMenuRadioItem key={value} value={value}>
              <Icon aria-hidden />
              {label}
            </DropdownMenuRadioItem>
          ))}
        </DropdownMenuRadioGroup>
        <DropdownMenuSeparator />
        <DropdownMenuItem
          onSelect={() => void navigate({ to: '/t/$tenant/settings', params: { tenant } })}
        >
          <Settings aria-hidden />
          Settings
        </DropdownMenuItem>
        <DropdownMenuItem onSelect={() => void signOut()}>
          <LogOut aria-hidden />
          Sign out
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  );
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== '');
  return [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map((word) => word?.[0]?.toUpperCase() ?? '')
    .join('');
}
