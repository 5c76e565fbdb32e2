import { CirclePause, CirclePlay, TimerReset } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Queue } from './queues';
import { STATES } from './words';
import { Badge } from '@/shared/components/ui/badge';

const ICONS = { running: CirclePlay, draining: TimerReset, paused: CirclePause } as const;

export function StateBadge({ state }: { state: Queue['state'] }): ReactElement {
  const Icon = ICONS[state];
  return (
    <Badge tone={STATES[state].tone}>
      <Icon aria-hidden />
      {STATES[state].label}
    </Badge>
  );
}
