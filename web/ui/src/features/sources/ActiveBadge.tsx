import { CirclePause, CirclePlay } from 'lucide-react';
import type { ReactElement } from 'react';
import { Badge } from '@/shared/components/ui/badge';

export function ActiveBadge({ active }: { active: boolean }): ReactElement {
  return active ? (
    <Badge tone="ok">
      <CirclePlay aria-hidden />
      Active
    </Badge>
  ) : (
    <Badge tone="neutral">
      <CirclePause aria-hidden />
      Switched off
    </Badge>
  );
}
