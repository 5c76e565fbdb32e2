import { CirclePause, CirclePlay } from 'lucide-react';
import type { ReactElement } from 'react';
import type { SourceLine } from './sources';
import { Badge } from '@/shared/components/ui/badge';

export function ActiveBadge({ active, kind }: Pick<SourceLine, 'active' | 'kind'>): ReactElement {
  return active ? (
    <Badge tone="ok">
      <CirclePlay aria-hidden />
      Active
    </Badge>
  ) : (
    <Badge tone="neutral">
      <CirclePause aria-hidden />
      {kind === 'cron' ? 'Paused' : 'Switched off'}
    </Badge>
  );
}
