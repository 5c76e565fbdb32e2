import { getRouteApi, Link } from '@tanstack/react-router';
import { ArrowLeft, Power, RotateCcw } from 'lucide-react';
import type { ReactElement } from 'react';
import {
  useAssistant,
  useRestore,
  useSwitch,
  type Assistant,
  type AssistantVersion,
} from './assistants';
import { SwitchBadge } from './AssistantsPage';
import { BundleDiff, BundleView } from './BundleView';
import { useSandbox } from './sandbox';
import { ALWAYS, limitWords } from './sandbox-words';
import { NewVersion } from './VersionForm';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { Fact, Facts } from '@/shared/components/facts';
import { FilterSelect } from '@/shared/components/filter-bar';
import { Granted } from '@/shared/components/granted';
import { JsonTree } from '@/shared/components/json-tree';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { useHasRole, useTenant } from '@/shared/session/tenant';
import { counted } from '@/shared/text/amounts';

const route = getRouteApi('/t/$tenant/assistants/$assistant');
const LINK = 'text-accent underline underline-offset-2';

export function AssistantPage(): ReactElement {
  const { assistant: name } = route.useParams();
  const query = useAssistant(name);
  if (query.data !== undefined) {
    return <Found assistant={query.data.data} etag={query.data.etag} />;
  }
  return (
    <Page title={name} description={<Back />}>
      {query.error === null ? (
        <SkeletonLines lines={8} />
      ) : (
        <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
      )}
    </Page>
  );
}

function Back(): ReactElement {
  const tenant = useTenant();
  return (
    <Link
      to="/t/$tenant/assistants"
      params={{ tenant }}
      className="inline-flex min-h-6 items-center gap-1 text-accent hover:underline"
    >
      <ArrowLeft aria-hidden className="size-4" />
      Assistants
    </Link>
  );
}

function Found({ assistant, etag }: { assistant: Assistant; etag: string }): ReactElement {
  const search = route.useSearch();
  const shown =
    assistant.versions.find((each) => each.version === search.version) ?? assistant.current;
  return (
    <Page
      title={assistant.name}
      description={
        <div className="space-y-1">
          <Back />
          <div className="flex flex-wrap items-center gap-2">
            <SwitchBadge on={assistant.active} />
            version {assistant.version}, changed <Time value={assistant.changed_at} /> by{' '}
            {assistant.author.name}
          </div>
        </div>
      }
      actions={<Actions assistant={assistant} etag={etag} />}
    >
      <div className="grid gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <div className="min-w-0 space-y-4">
          <BundleSection assistant={assistant} shown={shown} />
          <Section title="Configuration" description={`Of version ${shown.version}`}>
            {Object.keys(shown.configuration).length === 0 ? (
              <p className="text-sm text-muted">None.</p>
            ) : (
              <JsonTree value={shown.configuration} label="Configuration" />
            )}
          </Section>
        </div>
        <div className="min-w-0 space-y-4">
          <Sandbox name={assistant.name} version={shown} />
          <Around assistant={assistant} />
          <Versions assistant={assistant} shown={shown} etag={etag} />
        </div>
      </div>
    </Page>
  );
}

function Actions({ assistant, etag }: { assistant: Assistant; etag: string }): ReactElement {
  const administers = useHasRole('admin');
  const operates = useHasRole('operator', 'admin');
  const on = useSwitch(assistant.name, 'activate');
  const off = useSwitch(assistant.name, 'deactivate');
  return (
    <>
      {assistant.active && operates && (
        <ConfirmDialog
          danger
          trigger={
            <Button>
              <Power aria-hidden />
              Switch off…
            </Button>
          }
          title={`Switch ${assistant.name} off?`}
          confirm="Switch it off"
          onConfirm={() => off.mutateAsync(etag)}
        >
          <p>
            Its waiting runs are denied, and its sources are refused until it is switched on again.
          </p>
        </ConfirmDialog>
      )}
      {!assistant.active && administers && (
        <ConfirmDialog
          trigger={
            <Button>
              <Power aria-hidden />
              Switch on…
            </Button>
          }
          title={`Switch ${assistant.name} on?`}
          confirm="Switch it on"
          onConfirm={() => on.mutateAsync(etag)}
        >
          <p>Its sources are heard again, at version {assistant.version}.</p>
        </ConfirmDialog>
      )}
      {administers && <NewVersion name={assistant.name} current={assistant.current} etag={etag} />}
    </>
  );
}

function BundleSection({
  assistant,
  shown,
}: {
  assistant: Assistant;
  shown: AssistantVersion;
}): ReactElement {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const others = assistant.versions.filter((each) => each.version !== shown.version);
  const against = others.find((each) => each.version === search.against);
  return (
    <Section
      title={`Bundle ${shown.bundle_name} ${shown.bundle_version}`}
      description={`Of version ${shown.version}, in the runtime ${shown.runtime}`}
    >
      <div className="space-y-3">
        {others.length > 0 && (
          <FilterSelect
            label="Compare with"
            value={against === undefined ? undefined : String(against.version)}
            options={others.map((each) => ({
              value: String(each.version),
              label: `version ${each.version}`,
            }))}
            onChange={(value) => {
              const { against: _, ...kept } = search;
              const to = value === undefined ? kept : { ...kept, against: Number(value) };
              void navigate({ search: to, replace: true });
            }}
          />
        )}
        {against !== undefined && <BundleDiff digest={shown.bundle} against={against.bundle} />}
        {against === undefined && (
          <BundleView
            digest={shown.bundle}
            file={search.file}
            onFile={(path) => {
              const { file, ...kept } = search;
              const to = file === path ? kept : { ...kept, file: path };
              void navigate({ search: to, replace: true });
            }}
          />
        )}
      </div>
    </Section>
  );
}

function Sandbox({ name, version }: { name: string; version: AssistantVersion }): ReactElement {
  const tenant = useTenant();
  const { data, error, refetch } = useSandbox(name, version.version);
  return (
    <Section title="Sandbox" description={`What version ${version.version} may do`}>
      <div className="space-y-3">
        <ul className="list-disc space-y-1 pl-5 text-sm">
          {[...ALWAYS, ...limitWords(version.limits)].map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
        {data !== undefined && <Granted words={data} />}
        {data === undefined &&
          (error === null ? (
            <SkeletonLines lines={2} />
          ) : (
            <ProblemNotice error={error} onRetry={() => void refetch()} />
          ))}
        <Link
          to="/t/$tenant/assistants/$assistant/allowed"
          params={{ tenant, assistant: name }}
          className={`${LINK} inline-block min-h-6 text-sm`}
        >
          What it is allowed
        </Link>
      </div>
    </Section>
  );
}

function Around({ assistant }: { assistant: Assistant }): ReactElement {
  const tenant = useTenant();
  return (
    <Section title="Around it">
      <Facts>
        <Fact name="Sources">
          {assistant.sources.length === 0 && 'None'}
          {assistant.sources.map((each) => (
            <span key={each.id} className="block">
              <Link
                to="/t/$tenant/sources/$source"
                params={{ tenant, source: each.id }}
                className={LINK}
              >
                {each.name}
              </Link>
              {!each.active && ' (off)'}
            </span>
          ))}
        </Fact>
        <Fact name="Targets">
          {assistant.targets.length === 0 && 'None'}
          {assistant.targets.map((each) => (
            <Link
              key={each}
              to="/t/$tenant/targets/$target"
              params={{ tenant, target: each }}
              className={`${LINK} block py-0.5`}
            >
              {each}
            </Link>
          ))}
        </Fact>
        <Fact name={`Last ${counted(assistant.runs.counted, 'run')}`}>
          {Object.entries(assistant.runs.by_status).map(([status, count]) => (
            <Link
              key={status}
              to="/t/$tenant/runs"
              params={{ tenant }}
              search={{ assistant: assistant.name, status }}
              className={`${LINK} block py-0.5`}
            >
              {count} {status}
            </Link>
          ))}
          {assistant.runs.counted === 0 && 'None yet'}
        </Fact>
      </Facts>
    </Section>
  );
}

function Versions({
  assistant,
  shown,
  etag,
}: {
  assistant: Assistant;
  shown: AssistantVersion;
  etag: string;
}): ReactElement {
  const tenant = useTenant();
  const administers = useHasRole('admin');
  return (
    <Section title="Versions">
      <ol className="space-y-3 text-sm">
        {assistant.versions.map((each) => (
          <li key={each.version} className="space-y-0.5">
            <div className="flex flex-wrap items-center gap-2">
              <Link
                to="/t/$tenant/assistants/$assistant"
                params={{ tenant, assistant: assistant.name }}
                search={{ version: each.version }}
                aria-current={each.version === shown.version ? 'true' : undefined}
                className={LINK}
              >
                Version {each.version}
              </Link>
              {each.version === assistant.version && <Badge tone="ok">current</Badge>}
              {administers && each.version !== assistant.version && (
                <Restore name={assistant.name} version={each.version} etag={etag} />
              )}
            </div>
            <p className="text-muted">
              {each.bundle_name} {each.bundle_version}, by {each.author.name}{' '}
              <Time value={each.created_at} />
            </p>
          </li>
        ))}
      </ol>
    </Section>
  );
}

function Restore({
  name,
  version,
  etag,
}: {
  name: string;
  version: number;
  etag: string;
}): ReactElement {
  const restore = useRestore(name, version);
  return (
    <ConfirmDialog
      trigger={
        <Button size="small" variant="ghost">
          <RotateCcw aria-hidden />
          Restore<span className="sr-only"> version {version}</span>
        </Button>
      }
      title={`Take version ${version} up again?`}
      confirm="Restore the version"
      onConfirm={() => restore.mutateAsync(etag)}
    >
      <p>
        It becomes the next version, in force at once. What waits or is approved under the current
        one is decided again.
      </p>
    </ConfirmDialog>
  );
}
