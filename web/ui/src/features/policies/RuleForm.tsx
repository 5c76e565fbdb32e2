import type { ReactElement } from 'react';
import { Escalation, Reminders, Stages } from './RuleRows';
import { ruleOf, type RuleDraft } from './rule-draft';
import { ruleWords } from './rule-words';
import { SpanField } from './SpanField';
import { CheckField, LongTextField, SelectField, TextField } from '@/shared/components/form-field';

export interface RuleFormProps {
  draft: RuleDraft;
  onChange: (draft: RuleDraft) => void;
  /** What the server says of a member: `stages.0.quorum`. */
  problemAt: (member: string) => string | undefined;
}

/** Who must agree, in what order, by when. */
export function RuleForm(props: RuleFormProps): ReactElement {
  return (
    <div className="space-y-5">
      <Stages {...props} />
      <Voting {...props} />
      <Times {...props} />
      <Reminders {...props} />
      <Escalation {...props} />
      <Rejecting {...props} />
      <InWords draft={props.draft} />
    </div>
  );
}

function Voting({ draft, onChange, problemAt }: RuleFormProps): ReactElement {
  const fresh = draft.reauthenticate;
  return (
    <fieldset className="space-y-3">
      <legend className="mb-1 font-semibold">Voting</legend>
      <SelectField
        label="A reason with each vote"
        value={draft.reason}
        onChange={(event) => {
          onChange({ ...draft, reason: event.target.value });
        }}
        error={problemAt('reason')}
      >
        <option value="optional">may be given</option>
        <option value="required">must be given</option>
      </SelectField>
      <CheckField
        label="Who approves must have signed in freshly"
        checked={fresh !== undefined}
        onCheckedChange={(checked) => {
          onChange({
            ...draft,
            reauthenticate:
              checked === true ? { age: { amount: '5', unit: 'minutes' }, acr: '' } : undefined,
          });
        }}
      />
      {fresh !== undefined && (
        <div className="grid gap-3 pl-8 sm:grid-cols-2">
          <SpanField
            label="At most so long ago"
            value={fresh.age}
            onChange={(age) => {
              onChange({ ...draft, reauthenticate: { ...fresh, age } });
            }}
            error={problemAt('reauthenticate.max_age_seconds')}
          />
          <TextField
            label="In this way (acr)"
            value={fresh.acr}
            onChange={(event) => {
              onChange({ ...draft, reauthenticate: { ...fresh, acr: event.target.value } });
            }}
            help="As your identity provider names it; empty for any."
            error={problemAt('reauthenticate.acr')}
          />
        </div>
      )}
    </fieldset>
  );
}

function Times({ draft, onChange, problemAt }: RuleFormProps): ReactElement {
  return (
    <fieldset>
      <legend className="mb-1 font-semibold">Times</legend>
      <div className="grid gap-3 sm:grid-cols-2">
        <SpanField
          label="The question expires after"
          help="Undecided by then, nothing runs."
          value={draft.expires}
          onChange={(expires) => {
            onChange({ ...draft, expires });
          }}
          error={problemAt('expires_in_seconds')}
        />
        <SpanField
          label="Once approved, it must start within"
          help="Not started by then, it expires too."
          value={draft.executionExpires}
          onChange={(executionExpires) => {
            onChange({ ...draft, executionExpires });
          }}
          error={problemAt('execution_expires_in_seconds')}
        />
      </div>
    </fieldset>
  );
}

function Rejecting({ draft, onChange, problemAt }: RuleFormProps): ReactElement {
  const lines = draft.rejectReasons.split('\n');
  const problem =
    problemAt('reject_reasons') ??
    lines.map((_, at) => problemAt(`reject_reasons.${at}`)).find((each) => each !== undefined);
  return (
    <LongTextField
      label="Reasons to reject, offered ready-made"
      help="A line each, 20 at most. Whoever asked is told the one that was chosen."
      value={draft.rejectReasons}
      onChange={(event) => {
        onChange({ ...draft, rejectReasons: event.target.value });
      }}
      error={problem}
    />
  );
}

function InWords({ draft }: { draft: RuleDraft }): ReactElement {
  return (
    <section aria-label="In words" className="rounded-md bg-sunken p-3 text-sm">
      <ul className="list-disc space-y-0.5 pl-5">
        {ruleWords(ruleOf(draft)).map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
      <p className="mt-2">
        <strong>Four eyes</strong> come with every rule, and none can take them away: never may
        those vote who asked, own the source or last rotated its secret, wrote the bundle, the
        assistant, the policy or this rule, edited the payload or had the run replayed; nor whoever
        acts for one of them.
      </p>
    </section>
  );
}
