import { getRouteApi, Link } from '@tanstack/react-router';
import { ArrowLeft } from 'lucide-react';
import { useEffect, useRef, useState, type ReactElement, type SyntheticEvent } from 'react';
import { allowOf, draftOf, limitsOf, type AllowanceDraft } from './allowance';
import { AllowanceFields } from './AllowanceFields';
import { useAssistant, useNewVersion, type Assistant } from './assistants';
import { faultsIn } from './faults';
import { useSandbox, useTryAllowance } from './sandbox';
import { isProblem } from '@/shared/api/problem';
import { Granted } from '@/shared/components/granted';
import { JsonTree } from '@/shared/components/json-tree';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Section } from '@/shared/components/section';
import { Button } from '@/shared/components/ui/button';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { toast } from '@/shared/components/ui/toast';
import { useHasRole, useTenant } from '@/shared/session/tenant';

const route = getRouteApi('/t/$tenant/assistants/$assistant/allowed');

/** What an assistant is allowed beyond its sandbox: asked, allowed, and what both say. */
export function AllowancePage(): ReactElement {
  const { assistant: name } = route.useParams();
  const query = useAssistant(name);
  return (
    <Page
      title={`What ${name} is allowed`}
      description={<Back name={name} version={query.data?.data.version} />}
    >
      {query.data === undefined ? (
        query.error === null ? (
          <SkeletonLines lines={8} />
        ) : (
          <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
        )
      ) : (
        <Found assistant={query.data.data} etag={query.data.etag} />
      )}
    </Page>
  );
}

function Back({ name, version }: { name: string; version: number | undefined }): ReactElement {
  const tenant = useTenant();
  return (
    <span className="flex flex-wrap items-center gap-x-3">
      <Link
        to="/t/$tenant/assistants/$assistant"
        params={{ tenant, assistant: name }}
        className="inline-flex min-h-6 items-center gap-1 text-accent hover:underline"
      >
        <ArrowLeft aria-hidden className="size-4" />
        {name}
      </Link>
      {version !== undefined && <span>version {version}</span>}
    </span>
  );
}

interface Seen {
  assistant: Assistant;
  etag: string;
}

function Found(now: Seen): ReactElement {
  const administers = useHasRole('admin');
  // What the form began from: an edit of what was not seen is refused.
  const [seen, setSeen] = useState(now);
  if (!administers) return <Applies name={now.assistant.name} />;
  return (
    <Editor
      key={seen.etag}
      seen={seen}
      onBeginAgain={() => {
        setSeen(now);
      }}
    />
  );
}

function Editor({ seen, onBeginAgain }: { seen: Seen; onBeginAgain: () => void }): ReactElement {
  const { assistant, etag } = seen;
  const { current } = assistant;
  const [draft, setDraft] = useState(() => draftOf(current.sandbox_policy, current.ceilings));
  const [error, setError] = useState<unknown>();
  const faults = faultsIn(error);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (error !== undefined) {
      form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
    }
  }, [error]);
  const trial = useTryAllowance(assistant.name);
  const save = useNewVersion(assistant.name);
  const navigate = route.useNavigate();
  const tenant = useTenant();
  const act = async (what: 'try' | 'save'): Promise<void> => {
    setError(undefined);
    try {
      const allow = allowOf(draft);
      if (what === 'try') {
        await trial.mutateAsync(allow);
        return;
      }
      const { bundle, targets, configuration } = current;
      const body = { bundle, targets, configuration, allow, limits: limitsOf(draft) };
      const made = await save.mutateAsync({ etag, body });
      toast({ tone: 'ok', title: `${assistant.name} is at version ${made.version}` });
      await navigate({
        to: '/t/$tenant/assistants/$assistant',
        params: { tenant, assistant: assistant.name },
      });
    } catch (failure) {
      setError(failure);
    }
  };
  const change = (to: Partial<AllowanceDraft>): void => {
    setDraft((old) => ({ ...old, ...to }));
    trial.reset();
  };
  return (
    <form
      ref={form}
      className="grid items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]"
      onSubmit={(event: SyntheticEvent) => {
        event.preventDefault();
        void act('save');
      }}
    >
      <AllowanceFields draft={draft} fault={faults.at} onChange={change} />
      <div className="space-y-4 lg:sticky lg:top-4">
        <Outcome name={assistant.name} tried={trial.data} />
        {faults.rest !== undefined && (
          <ProblemNotice error={faults.rest}>
            {isProblem(faults.rest, 'precondition-failed') && (
              <Button size="small" className="mt-2" onClick={onBeginAgain}>
                Begin again from what is saved now
              </Button>
            )}
          </ProblemNotice>
        )}
        <p className="text-sm text-muted">
          Saving makes the next version, in force at once: what waits or is approved under version{' '}
          {assistant.version} is decided again.
        </p>
        <div className="flex flex-wrap gap-2">
          <Button busy={trial.isPending} onClick={() => void act('try')}>
            See what would apply
          </Button>
          <Button type="submit" variant="primary" busy={save.isPending}>
            Save the version
          </Button>
        </div>
      </div>
    </form>
  );
}

function Outcome({
  name,
  tried,
}: {
  name: string;
  tried: ReturnType<typeof useTryAllowance>['data'];
}): ReactElement {
  if (tried === undefined) return <Applies name={name} />;
  return (
    <Section title="What would apply" description="Nothing has changed yet.">
      <div role="status">
        <Granted words={tried} />
      </div>
    </Section>
  );
}

/** What is in force: the words approvers read, and what the bundle asks for. */
function Applies({ name }: { name: string }): ReactElement {
  const { data, error, refetch } = useSandbox(name);
  return (
    <Section
      title="What applies"
      description="What its bundle asks for and the tenant allows; nothing that only one of them says."
    >
      {data === undefined ? (
        error === null ? (
          <SkeletonLines lines={4} />
        ) : (
          <ProblemNotice error={error} onRetry={() => void refetch()} />
        )
      ) : (
        <div className="space-y-3">
          <Granted words={data} />
          <div>
            <p className="text-sm text-muted">Its bundle asks for</p>
            {Object.keys(data.asked).length === 0 ? (
              <p className="text-sm">nothing beyond its sandbox</p>
            ) : (
              <JsonTree value={data.asked} deeper={2} label="What its bundle asks for" />
            )}
          </div>
        </div>
      )}
    </Section>
  );
}
