import { useMutation, useQueryClient } from '@tanstack/react-query';
import { RotateCcw } from 'lucide-react';
import { useState, type ReactElement, type ReactNode } from 'react';
import { FormDialog } from './form-dialog';
import { ProblemNotice } from './problem-notice';
import { Time } from './time';
import { Button } from './ui/button';
import { Label } from './ui/label';
import { Textarea } from './ui/textarea';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useTenant } from '@/shared/session/tenant';

export type Which = components['schemas']['NarrowedBody'];
type Plan = components['schemas']['PlanView'];

/** Sends deliveries again: first how many, and which; then, with a reason, it is done. */
export function ReplayDeliveries({
  label,
  title,
  which,
  children,
}: {
  /** On the button. */
  label: string;
  title: string;
  /** What is meant, from what the fields say. */
  which: (form: FormData) => Which;
  /** Fields that narrow it. */
  children?: ReactNode;
}): ReactElement {
  const tenant = useTenant();
  return (
    <FormDialog
      trigger={
        <Button size="small">
          <RotateCcw aria-hidden />
          {label}
        </Button>
      }
      title={title}
      description="The same messages are sent again under the same ids. Runs stay as they are."
      confirm="Count them"
      goesOn
      onSubmit={async (form) => {
        const meant = which(form);
        const plan = await read(
          apiOf(tenant).POST('/v1/deliveries/replay/preview', { body: meant }),
        );
        return <Planned which={meant} plan={plan} />;
      }}
    >
      {children}
    </FormDialog>
  );
}

function Planned({ which, plan }: { which: Which; plan: Plan }): ReactElement {
  const tenant = useTenant();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const replay = useMutation({
    mutationFn: () =>
      read(
        apiOf(tenant).POST('/v1/deliveries/replay', {
          body: { ...which, count: plan.count, reason },
        }),
      ),
    meta: { showsErrors: true },
    onSettled: () => client.invalidateQueries({ queryKey: tenantKey(tenant) }),
  });
  if (replay.data !== undefined) {
    return <p role="status">{replay.data.replayed} are sent again.</p>;
  }
  const tooMany = plan.count > plan.most;
  return (
    <div className="space-y-3 text-sm">
      <p role="status">
        {plan.count} would be sent again.
        {plan.skipped > 0 && ` ${plan.skipped} are under way, or their target was removed.`}
        {tooMany && ` More than ${plan.most} at once cannot be: narrow it.`}
      </p>
      <ul className="max-h-48 divide-y divide-line overflow-auto" aria-label="The first of them">
        {plan.first.map((each) => (
          <li key={`${each.run_id}-${each.position}`} className="py-1">
            {each.target}, {each.outcome}, <Time value={each.attempted_at} />{' '}
            <code className="break-all text-muted">{each.run_id}</code>
          </li>
        ))}
      </ul>
      {plan.count > 0 && !tooMany && (
        <>
          <Label htmlFor="replay-reason">Reason</Label>
          <Textarea
            id="replay-reason"
            value={reason}
            maxLength={500}
            onChange={(event) => {
              setReason(event.target.value);
            }}
          />
          {replay.error !== null && <ProblemNotice error={replay.error} />}
          <Button
            variant="primary"
            disabled={reason.trim() === ''}
            busy={replay.isPending}
            onClick={() => {
              replay.mutate();
            }}
          >
            Send {plan.count} again
          </Button>
        </>
      )}
    </div>
  );
}
