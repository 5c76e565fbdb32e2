import {
  Ban,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleSlash,
  CircleX,
  Clock,
  Hand,
  LoaderCircle,
  Send,
  ShieldCheck,
  TimerOff,
  type LucideIcon,
} from 'lucide-react';
import type { ReactElement } from 'react';
import { Badge, type Tone } from './ui/badge';
import type { components } from '@/shared/api/schema';

export type RunStatus = components['schemas']['RunLine']['status'];

interface Look {
  tone: Tone;
  icon: LucideIcon;
  label: string;
}

/** Never by colour alone: each has its sign and its word. */
const LOOKS: Record<RunStatus, Look> = {
  received: { tone: 'neutral', icon: CircleDashed, label: 'Received' },
  permitted: { tone: 'info', icon: ShieldCheck, label: 'Permitted' },
  denied: { tone: 'bad', icon: Ban, label: 'Denied' },
  held: { tone: 'wait', icon: Hand, label: 'Held' },
  approved: { tone: 'info', icon: CircleCheck, label: 'Approved' },
  rejected: { tone: 'bad', icon: CircleX, label: 'Rejected' },
  expired: { tone: 'neutral', icon: TimerOff, label: 'Expired' },
  cancelled: { tone: 'neutral', icon: CircleSlash, label: 'Cancelled' },
  executing: { tone: 'info', icon: LoaderCircle, label: 'Executing' },
  executed: { tone: 'info', icon: Clock, label: 'Executed' },
  delivering: { tone: 'info', icon: Send, label: 'Delivering' },
  delivered: { tone: 'info', icon: Send, label: 'Delivered' },
  failed: { tone: 'bad', icon: CircleAlert, label: 'Failed' },
  completed: { tone: 'ok', icon: CircleCheck, label: 'Completed' },
};

export const RUN_STATUSES = Object.keys(LOOKS) as readonly RunStatus[];

export function statusLabel(status: RunStatus): string {
  return LOOKS[status].label;
}

export function StatusBadge({ status }: { status: RunStatus }): ReactElement {
  const { tone, icon: Icon, label } = LOOKS[status];
  return (
    <Badge tone={tone}>
      <Icon aria-hidden />
      {label}
    </Badge>
  );
}
