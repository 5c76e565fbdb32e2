import { Link } from '@tanstack/react-router';
import { Replace } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Approval } from './approval';
import { useRunApprovals } from './run-approvals';
import { Button } from '@/shared/components/ui/button';
import { useTenant } from '@/shared/session/tenant';

/** This question was asked anew: something it covers is no longer as it was. */
export function SupersededNotice({ approval }: { approval: Approval }): ReactElement {
  const tenant = useTenant();
  const { data } = useRunApprovals(approval.run_id);
  const later = data
    ?.filter((each) => each.opened_at > approval.opened_at)
    .sort((one, other) => other.opened_at.localeCompare(one.opened_at))[0];
  return (
    <div role="status" className="mb-4 flex gap-3 rounded-lg border border-line bg-info-soft p-4">
      <Replace aria-hidden className="mt-0.5 size-5 shrink-0 text-info" />
      <div className="min-w-0 space-y-2 text-sm">
        <p className="font-medium">This was asked anew</p>
        <p>
          Its payload was edited, or the bundle, a target or the policy changed meanwhile. The votes
          here count no more.
        </p>
        {later !== undefined && (
          <Button asChild variant="primary" size="small">
            <Link to="/t/$tenant/approvals/$approval" params={{ tenant, approval: later.id }}>
              See what is asked now
            </Link>
          </Button>
        )}
      </div>
    </div>
  );
}
