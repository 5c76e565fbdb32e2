import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { entriesKey } from './entries';
import { useLiveEvents } from '@/shared/live/live';
import { useTenant } from '@/shared/session/tenant';

/** New entries appear as they are sealed, until one pauses to read; then it is said that they wait. */
export function useFollow(): {
  paused: boolean;
  waiting: boolean;
  setPaused: (to: boolean) => void;
} {
  const tenant = useTenant();
  const client = useQueryClient();
  const [paused, setPaused] = useState(false);
  const [waiting, setWaiting] = useState(false);
  const show = (): void =>
    void client.invalidateQueries({ queryKey: [...entriesKey(tenant), 'list'] });
  useLiveEvents((event) => {
    if (event.kind !== 'audit.sealed') return;
    if (paused) setWaiting(true);
    else show();
  });
  return {
    paused,
    waiting,
    setPaused: (to) => {
      setPaused(to);
      setWaiting(false);
      if (!to) show();
    },
  };
}
