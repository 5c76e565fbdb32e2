import { Link } from '@tanstack/react-router';
import { Siren } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Approval } from './approval';
import { useTenant } from '@/shared/session/tenant';

/** Approved though the votes do not suffice: somebody broke the glass, and a review tells why. */
export function ApprovedAlone({ approval }: { approval: Approval }): ReactElement | null {
  const tenant = useTenant();
  if (approval.status !== 'approved' || approval.tally.outcome === 'approved') return null;
  return (
    <p className="flex items-start gap-2 rounded-md bg-bad-soft p-3 text-sm">
      <Siren aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
      <span>
        One person approved this alone, in an emergency.{' '}
        <Link
          to="/t/$tenant/inbox"
          params={{ tenant }}
          search={{ tab: 'reviews' }}
          className="text-accent underline"
        >
          See its review
        </Link>
      </span>
    </p>
  );
}
