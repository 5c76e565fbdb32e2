import { CircleCheck, CircleX } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Checked } from './approval';
import type { ApprovalLine } from './approvals';
import type { BatchOutcome } from './batch';
import { DigestLine } from './DigestLine';
import { Essentials } from './Essentials';
import { showHidden } from './hidden';
import { RiskBadge } from './RiskBadge';
import { Skeleton } from '@/shared/components/ui/skeleton';

export function BatchItem({
  line,
  checked,
  outcome,
  meanwhile,
}: {
  line: ApprovalLine;
  checked: Checked | undefined;
  outcome: BatchOutcome | undefined;
  /** Since it was selected it was decided, or asked anew. */
  meanwhile: boolean;
}): ReactElement {
  return (
    <li className="space-y-1 p-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="text-sm font-medium break-words">
          {line.assistant} for {showHidden(line.requester.name)}
        </span>
        <RiskBadge risk={line.risk} />
      </div>
      <p className="text-sm break-words">
        <bdi>{showHidden(line.summary)}</bdi>
      </p>
      {checked === undefined ? (
        <Skeleton className="h-5 w-48" />
      ) : (
        <>
          <DigestLine digest={line.digest} check={checked.check} full />
          <details>
            <summary className="min-h-6 text-sm text-accent">All that matters of it</summary>
            <div className="pt-2">
              <Essentials approval={checked.approval} />
            </div>
          </details>
        </>
      )}
      {meanwhile && (
        <p role="status" className="text-sm text-bad">
          Left out: since you selected it, it was{' '}
          {checked?.approval.status === 'superseded' ? 'asked anew' : checked?.approval.status}.
        </p>
      )}
      {outcome !== undefined && <Outcome outcome={outcome} />}
    </li>
  );
}

function Outcome({ outcome }: { outcome: BatchOutcome }): ReactElement {
  if (outcome.outcome !== 'refused') {
    return (
      <p className="flex items-center gap-1.5 text-sm text-ok">
        <CircleCheck aria-hidden className="size-4" />
        {outcome.outcome === 'decided' ? 'Decided' : 'Your vote counts; more are needed'}
      </p>
    );
  }
  const detail = outcome.problem?.['detail'];
  return (
    <p className="flex items-start gap-1.5 text-sm text-bad">
      <CircleX aria-hidden className="mt-0.5 size-4 shrink-0" />
      Not decided: {typeof detail === 'string' ? detail : 'the server refused it'}
    </p>
  );
}
