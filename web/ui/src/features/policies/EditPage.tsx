import { getRouteApi, Link } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { CheckedSource } from './CheckedSource';
import { ExplainForm } from './ExplainForm';
import {
  useActivePolicy,
  useCreatePolicy,
  usePolicy,
  type Policy,
  type PolicyBody,
} from './policies';
import { DiffView } from '@/shared/components/diff-view';
import { LongTextField } from '@/shared/components/form-field';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Section } from '@/shared/components/section';
import { Button } from '@/shared/components/ui/button';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { toast } from '@/shared/components/ui/toast';
import { useTenant } from '@/shared/session/tenant';
import { objectIn, objectsIn } from '@/shared/text/json-input';

const route = getRouteApi('/t/$tenant/policies/edit');

const BEGINNING = `@id("first")
@description("say here what it is for")
@hold("default")
permit (principal, action, resource);
`;

/** A new version, from an older one, the one in force, or from nothing. */
export function EditPage(): ReactElement {
  const { from } = route.useSearch();
  const active = useActivePolicy();
  const named = usePolicy(from);
  const base = from === undefined ? active : named;
  if (base.data === undefined || active.data === undefined) {
    const error = base.error ?? active.error;
    return (
      <Page title="New policy version">
        {error === null ? <SkeletonLines lines={8} /> : <ProblemNotice error={error} />}
      </Page>
    );
  }
  return <Editor base={base.data} active={active.data} />;
}

function Editor({ base, active }: { base: Policy | null; active: Policy | null }): ReactElement {
  const [source, setSource] = useState(base?.source ?? BEGINNING);
  const [fields, setFields] = useState(pretty(base?.context_fields ?? {}));
  const [tests, setTests] = useState(pretty(base?.tests ?? []));
  const typedFields = objectIn(fields);
  const typedTests = objectsIn(tests);
  const body =
    typedFields.value === undefined || typedTests.value === undefined
      ? undefined
      : { source, context_fields: typedFields.value, tests: typedTests.value };
  return (
    <Page
      title="New policy version"
      description={
        base === null ? 'From nothing' : `From version ${base.version}. Kept ones never change.`
      }
      actions={<Save body={body} />}
    >
      <div className="grid gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="min-w-0 space-y-4">
          <CheckedSource source={source} onChange={setSource} body={body} />
          <LongTextField
            label="What policies read of a payload"
            help={typedFields.problem ?? '{"amount": {"pointer": "/amount_cents", "type": "long"}}'}
            aria-invalid={typedFields.problem !== undefined}
            className="min-h-28 font-mono text-sm"
            spellCheck={false}
            value={fields}
            onChange={(event) => {
              setFields(event.target.value);
            }}
          />
          <LongTextField
            label="Tests"
            help={
              typedTests.problem ??
              'A list of {"name", "request", "expect": {"verdict", "rules"}}; all must pass.'
            }
            aria-invalid={typedTests.problem !== undefined}
            className="min-h-40 font-mono text-sm"
            spellCheck={false}
            value={tests}
            onChange={(event) => {
              setTests(event.target.value);
            }}
          />
        </div>
        <div className="min-w-0 space-y-4">
          <Section title="Explain" description="What this draft would decide">
            <ExplainForm draft={{ source, context_fields: typedFields.value ?? {} }} />
          </Section>
        </div>
      </div>
      <div className="mt-4">
        <Section title="Against the version in force">
          <DiffView
            before={active?.source ?? ''}
            after={source}
            label="The version in force against this draft"
          />
        </Section>
      </div>
    </Page>
  );
}

function Save({ body }: { body: PolicyBody | undefined }): ReactElement {
  const tenant = useTenant();
  const navigate = route.useNavigate();
  const create = useCreatePolicy();
  const save = (): void => {
    if (body === undefined) return;
    create.mutate(body, {
      onSuccess: (made) => {
        toast({
          tone: 'ok',
          title: `Version ${made.version} is kept`,
          detail: 'It is not in force: somebody else must activate it.',
        });
        void navigate({
          to: '/t/$tenant/policies/$version',
          params: { tenant, version: String(made.version) },
          search: { tab: 'diff' },
        });
      },
    });
  };
  return (
    <>
      {create.error !== null && <ProblemNotice error={create.error} />}
      <Button asChild>
        <Link to="/t/$tenant/policies" params={{ tenant }}>
          Cancel
        </Link>
      </Button>
      <Button
        variant="primary"
        disabled={body === undefined}
        busy={create.isPending}
        onClick={save}
      >
        Save as a new version
      </Button>
    </>
  );
}

function pretty(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
