import { getRouteApi, Link } from '@tanstack/react-router';
import { ArrowLeft } from 'lucide-react';
import type { ReactElement } from 'react';
import { DeadLetters } from './DeadLetters';
import { Pipeline } from './Pipeline';
import { useRun, type Run } from './run';
import { RunActions } from './RunActions';
import { Id } from './RunParts';
import { RunStory } from './RunStory';
import { RunTabs } from './RunTabs';
import { SealedMark } from './RunTrail';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { StatusBadge } from '@/shared/components/status-badge';
import { Skeleton, SkeletonLines } from '@/shared/components/ui/skeleton';
import { useShortcut } from '@/shared/keyboard/shortcuts';
import { useTenant } from '@/shared/session/tenant';

const route = getRouteApi('/t/$tenant/runs/$run');

/** One run, with all that became of it. */
export function RunPage(): ReactElement {
  const { run: id } = route.useParams();
  const query = useRun(id);
  const navigate = route.useNavigate();
  const tenant = useTenant();
  useShortcut({ keys: 'u', label: 'Back to the list', section: 'Run' }, () => {
    void navigate({ to: '/t/$tenant/runs', params: { tenant } });
  });
  if (query.data !== undefined) return <Found run={query.data} />;
  return (
    <Page title="Run" description={<BackLink />}>
      {query.error === null ? (
        <div className="space-y-4">
          <Skeleton className="h-24" />
          <SkeletonLines lines={6} />
        </div>
      ) : (
        <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
      )}
    </Page>
  );
}

function Found({ run }: { run: Run }): ReactElement {
  const tenant = useTenant();
  return (
    <Page
      title={run.assistant}
      description={
        <div className="space-y-1">
          <BackLink />
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <StatusBadge status={run.status} />
            <Id value={run.id} what="run's id" />
            <Link
              to="/t/$tenant/assistants/$assistant"
              params={{ tenant, assistant: run.assistant }}
              className="inline-flex min-h-6 items-center text-accent underline underline-offset-2"
            >
              the assistant
            </Link>
            {run.epoch > 1 && <span>epoch {run.epoch}</span>}
            <SealedMark at={run.sealed_at} />
          </div>
        </div>
      }
      actions={<RunActions run={run} />}
    >
      <div className="space-y-4">
        <DeadLetters run={run} />
        <Pipeline run={run} />
        <RunStory run={run} />
        <RunTabs run={run} />
      </div>
    </Page>
  );
}

function BackLink(): ReactElement {
  const tenant = useTenant();
  return (
    <Link
      to="/t/$tenant/runs"
      params={{ tenant }}
      className="inline-flex min-h-6 items-center gap-1 text-accent hover:underline"
    >
      <ArrowLeft aria-hidden className="size-4" />
      Runs
    </Link>
  );
}
