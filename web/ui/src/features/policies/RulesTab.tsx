import { Pencil, Plus, Trash2, Users } from 'lucide-react';
import type { ReactElement } from 'react';
import { objectIn } from './json-input';
import { ruleWords } from './rule-words';
import { useRemoveRule, useRule, useRules, useSaveRule, type RuleLine } from './rules';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { EmptyState } from '@/shared/components/empty-state';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { LongTextField, TextField } from '@/shared/components/form-field';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { SkeletonRows } from '@/shared/components/ui/skeleton';
import { toast } from '@/shared/components/ui/toast';
import { useHasRole } from '@/shared/session/tenant';

const BEGINNING = {
  quorum: 1,
  groups: ['approver'],
  reason: 'optional',
  expires_in_seconds: 86_400,
  execution_expires_in_seconds: 3_600,
  stages: [],
  remind: [3_600],
  escalate: [],
  reject_reasons: [],
};
const HELP =
  'quorum, groups, reason, expires_in_seconds, execution_expires_in_seconds, stages [{quorum, groups}], remind [seconds], escalate [{after_seconds, to}], reauthenticate {max_age_seconds, acr}, reject_reasons.';

/** Who must agree where a policy says @hold("name"). */
export function RulesTab(): ReactElement {
  const query = useRules();
  const administers = useHasRole('admin');
  if (query.isPending) return <SkeletonRows rows={3} />;
  if (query.data === undefined) {
    return <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />;
  }
  const rules = query.data.pages.flatMap((page) => page.items);
  return (
    <div className="space-y-3">
      {administers && <AddRule />}
      {rules.length === 0 && (
        <EmptyState icon={Users} title="No rule of the tenant's own">
          Where a policy says @hold without a name, the rule “default” holds: one approver, 24
          hours.
        </EmptyState>
      )}
      {rules.map((each) => (
        <Rule key={each.name} rule={each} administers={administers} />
      ))}
      {query.hasNextPage && (
        <Button size="small" onClick={() => void query.fetchNextPage()}>
          Load more
        </Button>
      )}
    </div>
  );
}

function Rule({ rule, administers }: { rule: RuleLine; administers: boolean }): ReactElement {
  return (
    <Section
      title={rule.name}
      description={
        <>
          version {rule.version}
          {rule.author !== null && <> by {rule.author.name}</>}
          {rule.created_at !== null && (
            <>
              {' '}
              <Time value={rule.created_at} />
            </>
          )}{' '}
          {rule.in_force && <Badge tone="ok">asked for by the policy in force</Badge>}
        </>
      }
      actions={administers && <RuleActions rule={rule} />}
    >
      <ul className="list-disc space-y-0.5 pl-5 text-sm">
        {ruleWords(rule.rule).map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
      <Versions name={rule.name} />
    </Section>
  );
}

function Versions({ name }: { name: string }): ReactElement | null {
  const query = useRule(name);
  const older = query.data?.data.versions.slice(1) ?? [];
  if (older.length === 0) return null;
  return (
    <details className="mt-2 text-sm">
      <summary className="text-accent">{older.length} older versions</summary>
      <ul className="mt-1 space-y-2">
        {older.map((each) => (
          <li key={each.version}>
            <span className="text-muted">
              version {each.version}
              {each.author !== null && <> by {each.author.name}</>}:
            </span>{' '}
            {ruleWords(each.rule).join(' ')}
          </li>
        ))}
      </ul>
    </details>
  );
}

function RuleActions({ rule }: { rule: RuleLine }): ReactElement {
  const query = useRule(rule.name);
  const save = useSaveRule();
  const remove = useRemoveRule(rule.name);
  const etag = query.data?.etag;
  if (etag === undefined) return <></>;
  return (
    <>
      <FormDialog
        trigger={
          <Button size="small">
            <Pencil aria-hidden />
            Edit<span className="sr-only"> the rule {rule.name}</span>
          </Button>
        }
        title={`The next version of ${rule.name}`}
        description="What was approved under an older version and has not started is held again."
        confirm="Save the version"
        onSubmit={async (form) => {
          await save.mutateAsync({ name: rule.name, rule: wordsIn(form), etag });
          return null;
        }}
      >
        <RuleField rule={plain(rule.rule)} />
      </FormDialog>
      <ConfirmDialog
        danger
        trigger={
          <Button size="small" variant="ghost">
            <Trash2 aria-hidden />
            Remove<span className="sr-only"> the rule {rule.name}</span>
          </Button>
        }
        title={`Remove the rule ${rule.name}?`}
        confirm="Remove the rule"
        onConfirm={() => remove.mutateAsync(etag)}
      >
        <p>No policy may name it any more. What is held under it is still decided by it.</p>
      </ConfirmDialog>
    </>
  );
}

function AddRule(): ReactElement {
  const save = useSaveRule();
  return (
    <FormDialog
      trigger={
        <Button>
          <Plus aria-hidden />
          Add a rule
        </Button>
      }
      title="Add an approval rule"
      description="Nothing asks for it before a policy in force names it."
      confirm="Add the rule"
      onSubmit={async (form) => {
        const name = textIn(form, 'name');
        await save.mutateAsync({ name, rule: wordsIn(form) });
        toast({ tone: 'ok', title: `The rule ${name} is there` });
        return null;
      }}
    >
      <TextField
        label="Name"
        name="name"
        required
        pattern="[a-z0-9][a-z0-9-]*"
        help="Small letters, digits and -."
      />
      <RuleField rule={BEGINNING} />
    </FormDialog>
  );
}

function RuleField({ rule }: { rule: Record<string, unknown> }): ReactElement {
  return (
    <LongTextField
      label="Rule"
      name="rule"
      required
      spellCheck={false}
      className="min-h-64 font-mono text-sm"
      defaultValue={JSON.stringify(rule, undefined, 2)}
      help={HELP}
    />
  );
}

/** Name and version are not part of what a rule says. */
function plain(rule: Record<string, unknown>): Record<string, unknown> {
  const { name: _name, version: _version, ...said } = rule;
  return said;
}

function wordsIn(form: FormData): Record<string, unknown> {
  const typed = objectIn(textIn(form, 'rule'));
  if (typed.value === undefined) throw new Error(typed.problem);
  return typed.value;
}
