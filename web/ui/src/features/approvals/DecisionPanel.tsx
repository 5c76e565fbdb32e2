import type { ReactElement } from 'react';
import type { Checked } from './approval';
import { ApprovedAlone } from './ApprovedAlone';
import { BreakGlassDialog } from './BreakGlassDialog';
import { CancelRun } from './CancelRun';
import { DecisionForm } from './DecisionForm';
import { DigestLine } from './DigestLine';
import { EditDialog } from './EditDialog';
import { Moments } from './Moments';
import { RuleProgress } from './RuleProgress';
import type { Intent } from './search';
import { YourPosition } from './YourPosition';
import { Countdown, Time } from '@/shared/components/time';
import { Card, CardContent, CardHeader, CardTitle } from '@/shared/components/ui/card';
import { useHasRole } from '@/shared/session/tenant';

/** Everything one decides by, and the decision. */
export function DecisionPanel({
  checked,
  intent,
}: {
  checked: Checked;
  intent: Intent | undefined;
}): ReactElement {
  const { approval, check } = checked;
  const open = approval.status === 'open';
  const breaker = useHasRole('break-glass');
  const mayEdit = useHasRole('operator', 'admin', 'approver');
  const mayCancel = useHasRole('operator', 'admin');
  return (
    <Card aria-labelledby="decide-title">
      <CardHeader>
        <CardTitle id="decide-title">{open ? 'Decide' : 'How it ended'}</CardTitle>
        <p className="text-sm text-muted">
          {open ? (
            <>
              Expires in <Countdown until={approval.expires_at} />; then nothing runs
            </>
          ) : (
            <>
              {approval.status}{' '}
              {approval.decided_at !== null && <Time value={approval.decided_at} />}
            </>
          )}
        </p>
      </CardHeader>
      <CardContent className="space-y-4">
        <ApprovedAlone approval={approval} />
        <RuleProgress approval={approval} />
        {open && <Moments approval={approval} />}
        <DigestLine digest={approval.digest} check={check} full />
        {approval.me.can_vote ? (
          <DecisionForm checked={checked} intent={intent} />
        ) : (
          open && <YourPosition approval={approval} />
        )}
        {open && (
          <div className="flex flex-wrap gap-2 border-t border-line pt-3">
            {mayEdit && <EditDialog approval={approval} />}
            {mayCancel && <CancelRun run={approval.run_id} />}
            {breaker && approval.me.why_not !== 'excluded' && (
              <BreakGlassDialog checked={checked} />
            )}
          </div>
        )}
      </CardContent>
    </Card>
  );
}
