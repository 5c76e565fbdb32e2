import { CircleAlert, CircleCheck, CircleDashed, CircleX } from 'lucide-react';
import type { ReactElement } from 'react';
import type { TargetLine } from './targets';
import { Badge } from '@/shared/components/ui/badge';

type Seen = Pick<TargetLine, 'health' | 'circuit' | 'disabled_at'>;

/** Whether it is sent to, and how its last deliveries fared, in a sign and words. */
export function HealthBadge({ target }: { target: Seen }): ReactElement {
  const { health } = target;
  if (target.disabled_at !== null) {
    return (
      <Badge tone="bad">
        <CircleX aria-hidden />
        Switched off
      </Badge>
    );
  }
  if (target.circuit.standing !== 'closed') {
    return (
      <Badge tone="wait">
        <CircleAlert aria-hidden />
        Takes nothing now
      </Badge>
    );
  }
  if (health.counted === 0) {
    return (
      <Badge>
        <CircleDashed aria-hidden />
        No delivery yet
      </Badge>
    );
  }
  const share = `${health.delivered} of ${health.counted}`;
  if (health.delivered === health.counted) {
    return (
      <Badge tone="ok">
        <CircleCheck aria-hidden />
        {share} delivered
      </Badge>
    );
  }
  const none = health.delivered === 0;
  const Icon = none ? CircleX : CircleAlert;
  return (
    <Badge tone={none ? 'bad' : 'wait'}>
      <Icon aria-hidden />
      {share} delivered
    </Badge>
  );
}
