import { Link } from '@tanstack/react-router';
import { Box } from 'lucide-react';
import type { ReactElement } from 'react';
import { AssistantLinks } from './AssistantLinks';
import { useSandboxes, type SandboxLine } from './sandboxes';
import { SettingsTabs } from './SettingsTabs';
import { EmptyState } from '@/shared/components/empty-state';
import { Granted } from '@/shared/components/granted';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { Card } from '@/shared/components/ui/card';
import { SkeletonRows } from '@/shared/components/ui/skeleton';
import { useHasRole, useTenant } from '@/shared/session/tenant';

/** What the tenant allows its agents, each with what it comes to. */
export function SandboxesPage(): ReactElement {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useSandboxes();
  const lines = data?.pages.flatMap((page) => page.items);
  return (
    <Page
      title="Sandboxes"
      description="What each assistant may reach: what its bundle asks for and the tenant allows"
    >
      <SettingsTabs />
      <div className="space-y-4">
        {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
        {lines === undefined && error === null && <SkeletonRows rows={4} />}
        {lines?.length === 0 && (
          <Card>
            <EmptyState icon={Box} title="No assistants yet">
              Add one under Assistants; what it may reach beyond its sandbox then stands here.
            </EmptyState>
          </Card>
        )}
        {lines !== undefined && lines.length > 0 && (
          <ul aria-label="Sandboxes" className="space-y-3">
            {lines.map((each) => (
              <li key={each.name}>
                <One line={each} />
              </li>
            ))}
          </ul>
        )}
        {hasNextPage && (
          <Button size="small" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            More assistants
          </Button>
        )}
      </div>
    </Page>
  );
}

function One({ line }: { line: SandboxLine }): ReactElement {
  const tenant = useTenant();
  const administers = useHasRole('admin');
  return (
    <Card className="space-y-3 p-4">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h2 className="flex flex-wrap items-center gap-2 text-base">
          <AssistantLinks names={[line.name]} />
          <span className="text-sm font-normal text-muted">version {line.version}</span>
          {!line.active && <Badge>off</Badge>}
        </h2>
        <Link
          to="/t/$tenant/assistants/$assistant/allowed"
          params={{ tenant, assistant: line.name }}
          className="inline-flex min-h-6 items-center text-sm text-accent underline underline-offset-2"
        >
          {administers ? 'Change what it is allowed' : 'What it is allowed'}
          <span className="sr-only">: {line.name}</span>
        </Link>
      </div>
      <Granted words={line} />
    </Card>
  );
}
