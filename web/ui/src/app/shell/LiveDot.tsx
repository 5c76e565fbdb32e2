import type { ReactElement } from 'react';
import { useLiveState } from '@/shared/live/live';
import { cn } from '@/shared/components/ui/cn';

const WORDS = {
  live: 'Live: changes show by themselves',
  connecting: 'Connecting for live changes',
  polling: 'Not live: changes show within seconds',
  closed: 'Not live',
} as const;

export function LiveDot(): ReactElement {
  const state = useLiveState();
  return (
    <span
      title={WORDS[state]}
      className={cn(
        'absolute -right-0.5 -bottom-0.5 size-2.5 rounded-full ring-2 ring-surface',
        state === 'live' ? 'bg-ok' : 'bg-wait',
      )}
    />
  );
}
