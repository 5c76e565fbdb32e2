import { getRouteApi, Link } from '@tanstack/react-router';
import { ArrowLeft } from 'lucide-react';
import { useState, type ReactElement } from 'react';
import { useApproval, type Checked } from './approval';
import { AskedBefore } from './AskedBefore';
import { AskedSection } from './AskedSection';
import { BundleSection } from './BundleSection';
import { CoveredSection } from './CoveredSection';
import { DecisionPanel } from './DecisionPanel';
import { Headline } from './Headline';
import { PayloadSection } from './PayloadSection';
import { PeopleSection } from './PeopleSection';
import { SandboxSection } from './SandboxSection';
import type { Intent } from './search';
import { ApprovalStatus } from './status';
import { SupersededNotice } from './SupersededNotice';
import { TargetsSection } from './TargetsSection';
import { showHidden } from './hidden';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Button } from '@/shared/components/ui/button';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { useShortcut } from '@/shared/keyboard/shortcuts';
import { useLentVotes } from '@/shared/live/lent-votes';
import { useTenant } from '@/shared/session/tenant';

const route = getRouteApi('/t/$tenant/approvals/$approval');

export function ApprovalPage(): ReactElement {
  const { approval: id } = route.useParams();
  const { data, error, refetch } = useApproval(id);
  useLentVotes();
  if (data === undefined) {
    return (
      <Page title="Approval" actions={<Back />}>
        {error === null ? (
          <SkeletonLines lines={12} />
        ) : (
          <ProblemNotice error={error} onRetry={() => void refetch()} />
        )}
      </Page>
    );
  }
  return <Loaded key={id} checked={data} stale={error} onRetry={() => void refetch()} />;
}

function Loaded({
  checked,
  stale,
  onRetry,
}: {
  checked: Checked;
  stale: Error | null;
  onRetry: () => void;
}): ReactElement {
  const { approval } = checked;
  const { line } = approval;
  const search = route.useSearch();
  const navigate = route.useNavigate();
  // Each press counts anew, so that the second `a` brings the focus back.
  const [intent, setIntent] = useState<{ value: Intent; press: number }>();
  const intend = (value: Intent): void => {
    setIntent((now) => ({ value, press: (now?.press ?? 0) + 1 }));
  };
  const able = approval.me.can_vote;
  const key = (keys: string, label: string) => ({ keys, label, section: 'Approval' });
  useShortcut(
    key('a', 'Approve: then Enter'),
    () => {
      intend('approve');
    },
    able,
  );
  useShortcut(
    key('r', 'Reject: then say why'),
    () => {
      intend('reject');
    },
    able,
  );
  return (
    <Page
      title={`${line.assistant} for ${showHidden(line.requester.name)}`}
      description={<ApprovalStatus status={approval.status} />}
      actions={<Back />}
    >
      {stale !== null && <ProblemNotice error={stale} onRetry={onRetry} className="mb-4" />}
      {approval.status === 'superseded' && <SupersededNotice approval={approval} />}
      <div className="grid gap-4 lg:grid-cols-[minmax(0,1fr)_22rem]">
        <div className="min-w-0 space-y-4 lg:col-start-1">
          <Headline approval={approval} />
          {approval.epoch > 1 && <AskedBefore approval={approval} />}
        </div>
        <aside
          aria-label="Decide"
          className="min-w-0 lg:sticky lg:top-4 lg:col-start-2 lg:row-span-2 lg:row-start-1 lg:max-h-[calc(100dvh-2rem)] lg:self-start lg:overflow-y-auto"
        >
          <DecisionPanel
            key={`${intent?.value ?? ''}${intent?.press ?? 0}`}
            checked={checked}
            intent={intent?.value}
          />
        </aside>
        <div className="min-w-0 space-y-4 lg:col-start-1">
          <PayloadSection
            approval={approval}
            tab={search.payload}
            onTab={(payload) => {
              void navigate({
                search: (now) => ({ ...now, payload }),
                replace: true,
                resetScroll: false,
              });
            }}
          />
          <BundleSection
            approval={approval}
            file={search.file}
            onFile={(file) => {
              void navigate({
                search: (now) => ({ ...now, file }),
                replace: true,
                resetScroll: false,
              });
            }}
          />
          <SandboxSection approval={approval} />
          <TargetsSection approval={approval} />
          <PeopleSection approval={approval} />
          <AskedSection approval={approval} />
          <CoveredSection checked={checked} />
        </div>
      </div>
    </Page>
  );
}

function Back(): ReactElement {
  const tenant = useTenant();
  return (
    <Button asChild variant="ghost">
      <Link to="/t/$tenant/inbox" params={{ tenant }}>
        <ArrowLeft aria-hidden />
        Inbox
      </Link>
    </Button>
  );
}
