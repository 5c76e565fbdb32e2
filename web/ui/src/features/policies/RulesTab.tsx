import { Pencil, Plus, Trash2, Users } from 'lucide-react';
import type { ReactElement } from 'react';
import { RuleDialog } from './RuleDialog';
import { ruleWords } from './rule-words';
import { useRemoveRule, useRule, useRules, type RuleLine } from './rules';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { EmptyState } from '@/shared/components/empty-state';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { SkeletonRows } from '@/shared/components/ui/skeleton';
import { useHasRole } from '@/shared/session/tenant';

const BEGINNING = {
  quorum: 1,
  groups: ['approver'],
  reason: 'optional',
  expires_in_seconds: 86_400,
  execution_expires_in_seconds: 3_600,
  remind: [3_600],
};

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
  const remove = useRemoveRule(rule.name);
  const etag = query.data?.etag;
  if (etag === undefined) return <></>;
  return (
    <>
      <RuleDialog
        trigger={
          <Button size="small">
            <Pencil aria-hidden />
            Edit<span className="sr-only"> the rule {rule.name}</span>
          </Button>
        }
        name={rule.name}
        rule={rule.rule}
        etag={etag}
      />
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
  return (
    <RuleDialog
      trigger={
        <Button>
          <Plus aria-hidden />
          Add a rule
        </Button>
      }
      name={undefined}
      rule={BEGINNING}
      etag={undefined}
    />
  );
}
