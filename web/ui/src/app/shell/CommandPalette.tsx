import { useNavigate } from '@tanstack/react-router';
import { Building2 } from 'lucide-react';
import { useEffect, useEffectEvent, type ReactElement } from 'react';
import { useIsHolding } from './holding';
import { NAV } from './nav';
import { useReachableTenants } from './reachable-tenants';
import { Kbd } from '@/shared/components/kbd';
import {
  Command,
  CommandEmpty,
  CommandGroup,
  CommandInput,
  CommandItem,
  CommandList,
} from '@/shared/components/ui/command';
import {
  Dialog,
  DialogContent,
  DialogDescription,
  DialogTitle,
} from '@/shared/components/ui/dialog';
import { useTenant } from '@/shared/session/tenant';

export function CommandPalette({
  open,
  onOpenChange,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}): ReactElement {
  const toggle = useEffectEvent(() => {
    onOpenChange(!open);
  });
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      if (event.key !== 'k' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      toggle();
    };
    addEventListener('keydown', hear);
    return () => {
      removeEventListener('keydown', hear);
    };
  }, []);
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent className="top-24 translate-y-0 gap-0 overflow-hidden p-0">
        <DialogTitle className="sr-only">Go to</DialogTitle>
        <DialogDescription className="sr-only">
          Type a page or a tenant, then Enter.
        </DialogDescription>
        <Choices
          onDone={() => {
            onOpenChange(false);
          }}
        />
      </DialogContent>
    </Dialog>
  );
}

function Choices({ onDone }: { onDone: () => void }): ReactElement {
  const navigate = useNavigate();
  const tenant = useTenant();
  const holding = useIsHolding();
  const others = useReachableTenants().filter((each) => each !== tenant);
  const go = (to: (typeof NAV)[number]['to'], slug: string): void => {
    onDone();
    void navigate({ to, params: { tenant: slug } });
  };
  return (
    <Command label="Go to">
      <CommandInput placeholder="Page or tenant" />
      <CommandList label="Places">
        <CommandEmpty>Nothing is called that.</CommandEmpty>
        <CommandGroup heading="Pages">
          {NAV.filter((item) => item.holding !== true || holding).map(
            ({ to, label, icon: Icon, key }) => (
              <CommandItem
                key={to}
                value={label}
                onSelect={() => {
                  go(to, tenant);
                }}
              >
                <Icon aria-hidden />
                <span className="flex-1">{label}</span>
                <Kbd keys={`g ${key}`} />
              </CommandItem>
            ),
          )}
        </CommandGroup>
        {others.length > 0 && (
          <CommandGroup heading="Tenants">
            {others.map((each) => (
              <CommandItem
                key={each}
                value={`tenant ${each}`}
                onSelect={() => {
                  go('/t/$tenant/inbox', each);
                }}
              >
                <Building2 aria-hidden />
                {each}
              </CommandItem>
            ))}
          </CommandGroup>
        )}
      </CommandList>
    </Command>
  );
}
