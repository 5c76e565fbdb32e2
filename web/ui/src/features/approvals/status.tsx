import {
  CircleCheck,
  CircleSlash,
  CircleX,
  Hand,
  Replace,
  TimerOff,
  type LucideIcon,
} from 'lucide-react';
import type { ReactElement } from 'react';
import type { ApprovalLine } from './approvals';
import { Badge, type Tone } from '@/shared/components/ui/badge';

type Status = ApprovalLine['status'];

const LOOKS: Record<Status, { tone: Tone; icon: LucideIcon; label: string }> = {
  open: { tone: 'wait', icon: Hand, label: 'Open' },
  approved: { tone: 'ok', icon: CircleCheck, label: 'Approved' },
  rejected: { tone: 'bad', icon: CircleX, label: 'Rejected' },
  expired: { tone: 'neutral', icon: TimerOff, label: 'Expired' },
  cancelled: { tone: 'neutral', icon: CircleSlash, label: 'Cancelled' },
  superseded: { tone: 'neutral', icon: Replace, label: 'Asked anew' },
};

export function ApprovalStatus({ status }: { status: Status }): ReactElement {
  const { tone, icon: Icon, label } = LOOKS[status];
  return (
    <Badge tone={tone}>
      <Icon aria-hidden />
      {label}
    </Badge>
  );
}
