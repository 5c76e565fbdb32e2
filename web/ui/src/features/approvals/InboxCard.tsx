import { Link } from '@tanstack/react-router';
import { Clock } from 'lucide-react';
import type { ReactElement } from 'react';
import type { ApprovalLine } from './approvals';
import { HeldBy } from './HeldBy';
import { showHidden } from './hidden';
import { RiskBadge, riskReasons } from './RiskBadge';
import type { Intent } from './search';
import { ApprovalStatus } from './status';
import { Countdown, Time } from '@/shared/components/time';
import { Button } from '@/shared/components/ui/button';
import { Checkbox } from '@/shared/components/ui/checkbox';
import { cn } from '@/shared/components/ui/cn';
import { useTenant } from '@/shared/session/tenant';

/** One question: who asks what, why it is held, how risky, how long still. */
export function InboxCard({
  line,
  picked,
  onFocus,
  onPick,
  onLook,
}: {
  line: ApprovalLine;
  picked: boolean;
  onFocus: () => void;
  onPick: () => void;
  onLook: (intent: Intent | undefined) => void;
}): ReactElement {
  const tenant = useTenant();
  const title = `${line.assistant} for ${showHidden(line.requester.name)}`;
  return (
    <li
      className={cn(
        'flex items-start gap-2 rounded-lg border border-line bg-surface p-3 focus-within:border-accent sm:gap-3 sm:p-4',
        picked && 'border-accent bg-accent-soft',
      )}
    >
      {line.can_vote && (
        <Checkbox
          checked={picked}
          aria-label={`Select ${title}`}
          onCheckedChange={onPick}
          onFocus={onFocus}
          className="max-sm:hidden"
        />
      )}
      <div className="min-w-0 flex-1 space-y-1.5">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <Link
            to="/t/$tenant/approvals/$approval"
            params={{ tenant, approval: line.id }}
            data-approval={line.id}
            onFocus={onFocus}
            className="min-w-0 font-medium break-words hover:underline"
          >
            {line.assistant} <span className="font-normal text-muted">for</span>{' '}
            {showHidden(line.requester.name)}
          </Link>
          <RiskBadge risk={line.risk} />
          {line.status !== 'open' && <ApprovalStatus status={line.status} />}
          <span className="ml-auto flex items-center gap-1 text-sm text-muted">
            {line.status === 'open' ? <Left line={line} /> : <Decided line={line} />}
          </span>
        </div>
        <p className="text-sm break-words">
          <bdi>{showHidden(line.summary)}</bdi>
        </p>
        <p className="text-sm">
          <HeldBy line={line} />
        </p>
        <p className="text-sm text-muted">
          {line.risk.reasons.length > 0 && <>Look at: {riskReasons(line.risk)}</>}
        </p>
        <Foot line={line} onLook={onLook} />
      </div>
    </li>
  );
}

function Left({ line }: { line: ApprovalLine }): ReactElement {
  return (
    <>
      <Clock aria-hidden className="size-3.5" />
      <span className="sr-only">expires in</span>
      <Countdown until={line.expires_at} />
    </>
  );
}

function Decided({ line }: { line: ApprovalLine }): ReactElement {
  return <Time value={line.decided_at ?? line.opened_at} />;
}

function Foot({
  line,
  onLook,
}: {
  line: ApprovalLine;
  onLook: (intent: Intent | undefined) => void;
}): ReactElement {
  const votes = line.progress
    .map((rule) => `${rule.have} of ${rule.needed} votes under ${rule.rule}`)
    .join(', ');
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 pt-0.5 text-sm text-muted">
      <span>{votes}</span>
      <code title={line.digest}>{line.digest.slice(0, 12)}</code>
      {line.can_vote ? (
        <span className="ml-auto flex gap-2 max-sm:w-full">
          <Button
            size="small"
            className="text-bad max-sm:hidden"
            onClick={() => {
              onLook('reject');
            }}
          >
            Reject…
          </Button>
          <Button
            size="small"
            variant="primary"
            className="max-sm:h-11 max-sm:w-full"
            onClick={() => {
              onLook('approve');
            }}
          >
            Look and decide
          </Button>
        </span>
      ) : (
        line.status === 'open' && (
          <span className="basis-full break-words">Not yours to decide: {line.why_not_detail}</span>
        )
      )}
    </div>
  );
}
