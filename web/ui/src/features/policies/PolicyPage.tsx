import { getRouteApi, Link } from '@tanstack/react-router';
import { ArrowLeft, Pencil } from 'lucide-react';
import type { ReactElement } from 'react';
import { DryRunForm } from './DryRunForm';
import { ExplainForm } from './ExplainForm';
import { useActivatePolicy, useActivePolicy, usePolicy, type Policy } from './policies';
import { VERSION_TABS, type VersionTab } from './search';
import { CodeBlock } from '@/shared/components/code-block';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { DiffView } from '@/shared/components/diff-view';
import { Digest } from '@/shared/components/digest';
import { EmptyState } from '@/shared/components/empty-state';
import { Fact, Facts } from '@/shared/components/facts';
import { JsonTree } from '@/shared/components/json-tree';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { Tabs, TabsContent, TabsList, TabsTrigger } from '@/shared/components/ui/tabs';
import { toast } from '@/shared/components/ui/toast';
import { useHasRole, useTenant } from '@/shared/session/tenant';
import { listed } from '@/shared/text/amounts';

const route = getRouteApi('/t/$tenant/policies/$version');
const NAMES: Record<VersionTab, string> = {
  source: 'Source',
  diff: 'Against the one in force',
  tests: 'Tests',
  explain: 'Explain',
  'dry-run': 'Dry run',
};

export function PolicyPage(): ReactElement {
  const { version } = route.useParams();
  const query = usePolicy(Number(version));
  if (query.data !== undefined) return <Found key={version} policy={query.data} />;
  return (
    <Page title={`Policy version ${version}`} description={<Back />}>
      {query.error === null ? <SkeletonLines lines={8} /> : <ProblemNotice error={query.error} />}
    </Page>
  );
}

function Found({ policy }: { policy: Policy }): ReactElement {
  return (
    <Page
      title={`Policy version ${policy.version}`}
      description={
        <div className="space-y-1">
          <Back />
          <div className="flex flex-wrap items-center gap-2">
            {policy.in_force ? <Badge tone="ok">in force</Badge> : <Badge>not in force</Badge>}
            <span>
              written by {policy.author.name} <Time value={policy.created_at} />
            </span>
            <Digest value={policy.digest} />
          </div>
        </div>
      }
      actions={<Actions policy={policy} />}
    >
      <div className="space-y-4">
        <Standing policy={policy} />
        <VersionTabs policy={policy} />
      </div>
    </Page>
  );
}

function Back(): ReactElement {
  const tenant = useTenant();
  return (
    <Link
      to="/t/$tenant/policies"
      params={{ tenant }}
      className="inline-flex min-h-6 items-center gap-1 text-accent hover:underline"
    >
      <ArrowLeft aria-hidden className="size-4" />
      Policies
    </Link>
  );
}

function Actions({ policy }: { policy: Policy }): ReactElement {
  const tenant = useTenant();
  const writes = useHasRole('operator', 'admin');
  return (
    <>
      {writes && (
        <Button asChild>
          <Link to="/t/$tenant/policies/edit" params={{ tenant }} search={{ from: policy.version }}>
            <Pencil aria-hidden />
            New version from this
          </Link>
        </Button>
      )}
      {policy.activation.allowed && <Activate policy={policy} />}
    </>
  );
}

function Activate({ policy }: { policy: Policy }): ReactElement {
  const activate = useActivatePolicy(policy.version);
  return (
    <ConfirmDialog
      trigger={<Button variant="primary">Activate…</Button>}
      title={`Put version ${policy.version} in force?`}
      confirm="Activate the version"
      onConfirm={async () => {
        await activate.mutateAsync();
        toast({ tone: 'ok', title: `Version ${policy.version} is in force` });
      }}
    >
      <p>
        Every request from now on is decided by it, and so is what is approved and has not started:
        that is decided again. Look at the diff and a dry run first. The audit trail names you.
      </p>
    </ConfirmDialog>
  );
}

function Standing({ policy }: { policy: Policy }): ReactElement {
  return (
    <Section title="Standing">
      <Facts>
        {!policy.activation.allowed && policy.activation.because !== null && (
          <Fact name="You cannot activate it">{policy.activation.because}</Fact>
        )}
        <Fact name="Asks for the rules">
          {policy.hold_rules.length === 0 ? 'none' : listed(policy.hold_rules)}
          {policy.missing_rules.length > 0 && (
            <span className="text-bad">; not there: {listed(policy.missing_rules)}</span>
          )}
        </Fact>
        <Fact name="Activated">
          {policy.activations.length === 0 ? (
            'never'
          ) : (
            <ul>
              {policy.activations.map((each) => (
                <li key={each.at}>
                  <Time value={each.at} /> by {each.by.name}
                </li>
              ))}
            </ul>
          )}
        </Fact>
      </Facts>
    </Section>
  );
}

function VersionTabs({ policy }: { policy: Policy }): ReactElement {
  const { tab = 'source' } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Tabs
      value={tab}
      onValueChange={(value) => {
        const to = VERSION_TABS.find((each) => each === value);
        if (to !== undefined) void navigate({ search: { tab: to }, replace: true });
      }}
    >
      <TabsList aria-label="About the version">
        {VERSION_TABS.map((each) => (
          <TabsTrigger key={each} value={each}>
            {NAMES[each]}
          </TabsTrigger>
        ))}
      </TabsList>
      <TabsContent value={tab} tabIndex={-1}>
        {tab === 'source' && <Source policy={policy} />}
        {tab === 'diff' && <AgainstActive policy={policy} />}
        {tab === 'tests' && <Tests policy={policy} />}
        {tab === 'explain' && <ExplainForm version={policy.version} />}
        {tab === 'dry-run' && <DryRunForm version={policy.version} />}
      </TabsContent>
    </Tabs>
  );
}

function Source({ policy }: { policy: Policy }): ReactElement {
  return (
    <div className="space-y-4">
      <CodeBlock text={policy.source} label="Policy source" />
      <Section title="What policies read of a payload">
        {Object.keys(policy.context_fields).length === 0 ? (
          <p className="text-sm text-muted">Nothing.</p>
        ) : (
          <JsonTree value={policy.context_fields} label="Context fields" />
        )}
      </Section>
    </div>
  );
}

function AgainstActive({ policy }: { policy: Policy }): ReactElement {
  const active = useActivePolicy();
  if (active.data === undefined) {
    return active.error === null ? <SkeletonLines /> : <ProblemNotice error={active.error} />;
  }
  if (active.data === null)
    return (
      <EmptyState title="No version is in force">
        Nothing to compare with: everything is denied now.
      </EmptyState>
    );
  return (
    <DiffView
      before={active.data.source}
      after={policy.source}
      label={`Version ${active.data.version} in force against ${policy.version}`}
    />
  );
}

function Tests({ policy }: { policy: Policy }): ReactElement {
  if (policy.tests.length === 0) {
    return (
      <EmptyState title="It has no tests">
        Tests say what must be decided about a request; a version whose tests fail is not kept.
      </EmptyState>
    );
  }
  return (
    <Section title="Tests" description="All of them pass: a version whose tests fail is not kept.">
      <JsonTree value={policy.tests} label="Tests" />
    </Section>
  );
}
