import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { NAV } from './nav';
import { useIsHolding } from './holding';
import { listenForShortcuts, useShortcut } from '@/shared/keyboard/shortcuts';
import { useTenant } from '@/shared/session/tenant';

/** `g` and a letter go to a page. */
export function useGoToKeys(): void {
  useEffect(listenForShortcuts, []);
  const tenant = useTenant();
  const navigate = useNavigate();
  const holding = useIsHolding();
  for (const item of NAV) {
    // NAV never changes, so the hooks run in the same order each time.
    // eslint-disable-next-line react-hooks/rules-of-hooks
    useShortcut(
      { keys: `g ${item.key}`, label: item.label, section: 'Go to' },
      () => void navigate({ to: item.to, params: { tenant } }),
      item.holding !== true || holding,
    );
  }
}
