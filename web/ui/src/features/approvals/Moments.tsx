import type { ReactElement } from 'react';
import type { Approval } from './approval';
import { momentsOf, rulesIn } from './requirement';
import { Time } from '@/shared/components/time';

/** When people are reminded, and when others may vote too. */
export function Moments({ approval }: { approval: Approval }): ReactElement | null {
  const moments = momentsOf(rulesIn(approval.requirement), approval.opened_at);
  if (moments.length === 0) return null;
  return (
    <ul className="space-y-1 text-sm text-muted">
      {moments.map((each) => (
        <li key={`${each.at}${each.what}`}>
          {each.what}: <Time value={each.at} />
        </li>
      ))}
    </ul>
  );
}
