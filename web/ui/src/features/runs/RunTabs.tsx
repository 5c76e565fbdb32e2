import { getRouteApi } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import type { Run } from './run';
import { RunApprovals } from './RunApprovals';
import { RunDecisions } from './RunDecisions';
import { RunDeliveries } from './RunDeliveries';
import { RunExecutions } from './RunExecutions';
import { RunLog } from './RunLog';
import { RunRequest } from './RunRequest';
import { RunResult } from './RunResult';
import { RunTrail } from './RunTrail';
import { RUN_TABS, type RunTab } from './search';
import { Tabs, TabsContent, TabsList, TabsTrigger } from '@/shared/components/ui/tabs';

const route = getRouteApi('/t/$tenant/runs/$run');

const NAMES: Record<RunTab, string> = {
  log: 'Log',
  result: 'Result',
  request: 'Request',
  policy: 'Policy',
  approvals: 'Approvals',
  executions: 'Executions',
  deliveries: 'Deliveries',
  audit: 'Audit',
};

/** All there is of a run, a tab at a time; which one is in the address. */
export function RunTabs({ run }: { run: Run }): ReactElement {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const tab = search.tab ?? firstTab(run);
  return (
    <Tabs
      value={tab}
      onValueChange={(value) => {
        const to = RUN_TABS.find((each) => each === value);
        if (to !== undefined) void navigate({ search: { tab: to }, replace: true });
      }}
    >
      <TabsList aria-label="About the run">
        {RUN_TABS.map((each) => (
          <TabsTrigger key={each} value={each}>
            {NAMES[each]}
            <Count of={countOf(run, each)} />
          </TabsTrigger>
        ))}
      </TabsList>
      <TabsContent value={tab} tabIndex={-1}>
        <Content run={run} tab={tab} execution={search.execution} />
      </TabsContent>
    </Tabs>
  );
}

/** What one most likely came for. */
function firstTab(run: Run): RunTab {
  if (run.executions.length > 0) return 'log';
  return run.approvals.length > 0 ? 'request' : 'policy';
}

function countOf(run: Run, tab: RunTab): number | undefined {
  if (tab === 'approvals') return run.approvals.length;
  if (tab === 'executions') return run.executions.length;
  return tab === 'deliveries' ? run.deliveries.length + run.callbacks.length : undefined;
}

function Count({ of }: { of: number | undefined }): ReactElement | null {
  if (of === undefined || of === 0) return null;
  return <span className="tabular ml-1 text-muted">{of}</span>;
}

function Content({
  run,
  tab,
  execution,
}: {
  run: Run;
  tab: RunTab;
  execution: string | undefined;
}): ReactElement {
  switch (tab) {
    case 'log':
      return <RunLog key={execution} run={run.id} execution={execution} />;
    case 'result':
      return <RunResult run={run} />;
    case 'request':
      return <RunRequest run={run} />;
    case 'policy':
      return <RunDecisions run={run} />;
    case 'approvals':
      return <RunApprovals run={run} />;
    case 'executions':
      return <RunExecutions run={run} />;
    case 'deliveries':
      return <RunDeliveries run={run} />;
    case 'audit':
      return <RunTrail run={run.id} />;
  }
}
