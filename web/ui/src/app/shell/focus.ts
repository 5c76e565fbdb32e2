import { useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';

/** After a move to another page its heading has the focus: that is what a screen reader reads. */
export function useFocusOnNavigation(): void {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe('onRendered', ({ fromLocation, pathChanged }) => {
        if (fromLocation === undefined || !pathChanged) return;
        document.getElementById('page-title')?.focus({ preventScroll: true });
      }),
    [router],
  );
}
