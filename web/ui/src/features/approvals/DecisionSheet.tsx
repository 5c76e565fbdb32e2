import { Link } from '@tanstack/react-router';
import { SquareArrowOutUpRight } from 'lucide-react';
import type { ReactElement } from 'react';
import { useApproval, type Checked } from './approval';
import { DecisionForm } from './DecisionForm';
import { DigestLine } from './DigestLine';
import { Essentials } from './Essentials';
import { RiskBadge } from './RiskBadge';
import type { Intent } from './search';
import { showHidden } from './hidden';
import { YourPosition } from './YourPosition';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Countdown } from '@/shared/components/time';
import { Button } from '@/shared/components/ui/button';
import { Sheet, SheetContent, SheetDescription, SheetTitle } from '@/shared/components/ui/sheet';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { useTenant } from '@/shared/session/tenant';

/** The look before the decision: from below on a phone, at the side elsewhere. */
export function DecisionSheet({
  id,
  intent,
  onClose,
}: {
  id: string | undefined;
  intent: Intent | undefined;
  onClose: () => void;
}): ReactElement {
  return (
    <Sheet
      open={id !== undefined}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <SheetContent
        side="bottom"
        className="flex max-h-[92dvh] flex-col p-0 sm:inset-x-auto sm:inset-y-0 sm:right-0 sm:max-h-none sm:w-full sm:max-w-lg sm:rounded-none sm:border-t-0 sm:border-l"
        onOpenAutoFocus={(event) => {
          event.preventDefault(); // the form takes it when it may be used
        }}
      >
        {id !== undefined && <Look key={id} id={id} intent={intent} onClose={onClose} />}
      </SheetContent>
    </Sheet>
  );
}

function Look({
  id,
  intent,
  onClose,
}: {
  id: string;
  intent: Intent | undefined;
  onClose: () => void;
}): ReactElement {
  const { data, error, refetch } = useApproval(id);
  if (data === undefined) {
    return (
      <div className="space-y-4 p-4">
        <SheetTitle>What is asked</SheetTitle>
        <SheetDescription className="sr-only">It is being loaded</SheetDescription>
        {error === null ? (
          <SkeletonLines lines={8} />
        ) : (
          <ProblemNotice error={error} onRetry={() => void refetch()} />
        )}
      </div>
    );
  }
  return <Loaded checked={data} intent={intent} onClose={onClose} />;
}

function Loaded({
  checked,
  intent,
  onClose,
}: {
  checked: Checked;
  intent: Intent | undefined;
  onClose: () => void;
}): ReactElement {
  const tenant = useTenant();
  const { approval, check } = checked;
  const { line } = approval;
  return (
    <>
      <div className="flex items-start gap-3 border-b border-line p-4 pr-12">
        <div className="min-w-0 flex-1">
          <SheetTitle className="text-lg font-semibold break-words">
            {line.assistant} for {showHidden(line.requester.name)}
          </SheetTitle>
          <SheetDescription className="flex flex-wrap items-center gap-2 text-sm text-muted">
            {approval.status === 'open' ? (
              <span>
                Expires in <Countdown until={approval.expires_at} />
              </span>
            ) : (
              `This is ${approval.status}.`
            )}
            <RiskBadge risk={line.risk} />
          </SheetDescription>
        </div>
        <Button asChild variant="ghost" size="small">
          <Link to="/t/$tenant/approvals/$approval" params={{ tenant, approval: approval.id }}>
            <SquareArrowOutUpRight aria-hidden />
            All of it
          </Link>
        </Button>
      </div>
      <div
        tabIndex={0}
        role="region"
        aria-label="What is asked"
        className="min-h-0 flex-1 overflow-y-auto p-4"
      >
        <Essentials approval={approval} />
      </div>
      <div className="space-y-3 border-t border-line p-4 pb-[max(1rem,env(safe-area-inset-bottom))]">
        <DigestLine digest={approval.digest} check={check} />
        {approval.me.can_vote ? (
          <DecisionForm checked={checked} intent={intent ?? 'approve'} onDecided={onClose} />
        ) : (
          <YourPosition approval={approval} />
        )}
      </div>
    </>
  );
}
