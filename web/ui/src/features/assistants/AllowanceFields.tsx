import { Plus, X } from 'lucide-react';
import { useRef, useState, type ReactElement } from 'react';
import {
  ADDITIONS,
  GATEWAY_CEILINGS,
  LIMIT_CEILINGS,
  METHODS,
  newRule,
  type AllowanceDraft,
  type Ceiling,
  type ModelDraft,
  type RuleDraft,
  type VariableDraft,
} from './allowance';
import type { FaultOf } from './faults';
import { useCredentialNames } from './sandbox';
import { CheckField, LongTextField, SelectField, TextField } from '@/shared/components/form-field';
import { Section } from '@/shared/components/section';
import { Button } from '@/shared/components/ui/button';

interface Editing {
  draft: AllowanceDraft;
  fault: FaultOf;
  onChange: (to: Partial<AllowanceDraft>) => void;
}

export function AllowanceFields(editing: Editing): ReactElement {
  // Members a newer server has: whoever empties them still sees where they were.
  const [besides] = useState(editing.draft.more !== '');
  return (
    <div className="space-y-4">
      <Network {...editing} />
      <Model {...editing} />
      <Variables {...editing} />
      <Ceilings
        title="How much of the gateway"
        fields={GATEWAY_CEILINGS}
        values={editing.draft.gateway}
        fault={(name) => editing.fault(`gateway.${name}`)}
        onChange={(gateway) => {
          editing.onChange({ gateway });
        }}
      />
      <Ceilings
        title="How much of the machine"
        fields={LIMIT_CEILINGS}
        values={editing.draft.limits}
        fault={(name) => editing.fault(`limits.${name}`)}
        onChange={(limits) => {
          editing.onChange({ limits });
        }}
      />
      <Memory {...editing} />
      <SystemCalls {...editing} />
      {besides && <More {...editing} />}
    </div>
  );
}

function nextKey(rows: readonly { key: number }[]): number {
  return rows.reduce((most, each) => Math.max(most, each.key), -1) + 1;
}

function Network({ draft, fault, onChange }: Editing): ReactElement {
  const more = useRef<HTMLButtonElement>(null);
  const put = (to: RuleDraft): void => {
    onChange({ rules: draft.rules.map((each) => (each.key === to.key ? to : each)) });
  };
  return (
    <Section
      title="Where it may go"
      description="A rule means its address and everything below it. What its bundle does not ask for stays shut."
    >
      <div className="space-y-3">
        {draft.rules.length === 0 && (
          <p className="text-sm text-muted">Nowhere: add a rule to let it fetch.</p>
        )}
        {draft.rules.map((rule, at) => (
          <Rule
            key={rule.key}
            rule={rule}
            place={at + 1}
            error={fault(`network.${at}`)}
            onChange={put}
            onRemove={() => {
              onChange({ rules: draft.rules.filter((each) => each.key !== rule.key) });
              more.current?.focus();
            }}
          />
        ))}
        <Button
          ref={more}
          size="small"
          onClick={() => {
            onChange({ rules: [...draft.rules, newRule(nextKey(draft.rules))] });
          }}
        >
          <Plus aria-hidden />
          Add a rule
        </Button>
      </div>
    </Section>
  );
}

function Rule({
  rule,
  place,
  error,
  onChange,
  onRemove,
}: {
  rule: RuleDraft;
  place: number;
  error: string | undefined;
  onChange: (to: RuleDraft) => void;
  onRemove: () => void;
}): ReactElement {
  return (
    <fieldset className="space-y-3 rounded-md border border-line p-3">
      <legend className="px-1 text-sm font-medium">Rule {place}</legend>
      <TextField
        label="Address"
        value={rule.url}
        required
        error={error}
        placeholder="https://api.example.com/v1/"
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => {
          onChange({ ...rule, url: event.target.value });
        }}
      />
      <Methods rule={rule} onChange={onChange} />
      <CredentialField
        value={rule.credential}
        onChange={(credential) => {
          onChange({ ...rule, credential });
        }}
      />
      <Inside
        checked={rule.inside}
        onChange={(inside) => {
          onChange({ ...rule, inside });
        }}
      />
      <Button size="small" aria-label={`Remove rule ${place}`} onClick={onRemove}>
        <X aria-hidden />
        Remove
      </Button>
    </fieldset>
  );
}

function Methods({
  rule,
  onChange,
}: {
  rule: RuleDraft;
  onChange: (to: RuleDraft) => void;
}): ReactElement {
  return (
    <fieldset>
      <legend className="text-sm font-medium">Methods</legend>
      <div className="flex flex-wrap gap-x-4 gap-y-1">
        {METHODS.map((method) => (
          <label key={method} className="flex min-h-6 items-center gap-1.5 text-sm">
            <input
              type="checkbox"
              className="size-4.5 accent-accent"
              checked={rule.methods.includes(method)}
              onChange={(event) => {
                const others = rule.methods.filter((each) => each !== method);
                onChange({ ...rule, methods: event.target.checked ? [...others, method] : others });
              }}
            />
            {method}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Inside({
  checked,
  onChange,
}: {
  checked: boolean;
  onChange: (to: boolean) => void;
}): ReactElement {
  return (
    <CheckField
      label="Also inside your own network"
      checked={checked}
      help="Private addresses, and http. Never link-local or metadata addresses."
      onCheckedChange={(to) => {
        onChange(to === true);
      }}
    />
  );
}

function CredentialField({
  value,
  onChange,
}: {
  value: string;
  onChange: (to: string) => void;
}): ReactElement {
  const names = useCredentialNames();
  const known = value === '' || names.includes(value) ? names : [value, ...names];
  return (
    <SelectField
      label="Credential"
      value={value}
      help="The gateway puts it in; the agent never has it."
      onChange={(event) => {
        onChange(event.target.value);
      }}
    >
      <option value="">None</option>
      {known.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </SelectField>
  );
}

function Model({ draft, fault, onChange }: Editing): ReactElement {
  const { model } = draft;
  const put = (to: Partial<ModelDraft>): void => {
    onChange({ model: { ...model, ...to } });
  };
  return (
    <Section
      title="A model it may ask"
      description="One OpenAI-compatible endpoint; none where it is empty."
    >
      <div className="space-y-3">
        <TextField
          label="Address of the model’s endpoint"
          value={model.url}
          error={fault('llm')}
          placeholder="https://llm.example.com/v1/"
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => {
            put({ url: event.target.value });
          }}
        />
        {model.url.trim() !== '' && (
          <>
            <TextField
              label="Models"
              value={model.models}
              required
              error={fault('llm.models')}
              help="Their names, with commas between."
              onChange={(event) => {
                put({ models: event.target.value });
              }}
            />
            <TextField
              label="Tokens of an execution"
              type="number"
              min={1}
              value={model.tokens}
              error={fault('llm.tokens')}
              help="Left empty, as many as its bundle asks for."
              onChange={(event) => {
                put({ tokens: event.target.value });
              }}
            />
            <CredentialField
              value={model.credential}
              onChange={(credential) => {
                put({ credential });
              }}
            />
            <Inside
              checked={model.inside}
              onChange={(inside) => {
                put({ inside });
              }}
            />
          </>
        )}
      </div>
    </Section>
  );
}

function Variables({ draft, onChange }: Editing): ReactElement {
  const more = useRef<HTMLButtonElement>(null);
  const put = (to: VariableDraft): void => {
    onChange({ variables: draft.variables.map((each) => (each.key === to.key ? to : each)) });
  };
  return (
    <Section
      title="Variables"
      description="Given if its bundle asks for them, and shown to whoever approves: no secrets."
    >
      <div className="space-y-3">
        {draft.variables.map((each, at) => (
          <div key={each.key} className="flex flex-wrap items-end gap-2">
            <div className="min-w-32 flex-1">
              <TextField
                label={`Name of variable ${at + 1}`}
                value={each.name}
                required
                autoComplete="off"
                spellCheck={false}
                onChange={(event) => {
                  put({ ...each, name: event.target.value });
                }}
              />
            </div>
            <div className="min-w-32 flex-2">
              <TextField
                label="Value"
                value={each.value}
                maxLength={1024}
                autoComplete="off"
                onChange={(event) => {
                  put({ ...each, value: event.target.value });
                }}
              />
            </div>
            <Button
              aria-label={`Remove variable ${at + 1}`}
              onClick={() => {
                onChange({ variables: draft.variables.filter((other) => other.key !== each.key) });
                more.current?.focus();
              }}
            >
              <X aria-hidden />
            </Button>
          </div>
        ))}
        <Button
          ref={more}
          size="small"
          onClick={() => {
            const key = nextKey(draft.variables);
            onChange({ variables: [...draft.variables, { key, name: '', value: '' }] });
          }}
        >
          <Plus aria-hidden />
          Add a variable
        </Button>
      </div>
    </Section>
  );
}

function Ceilings({
  title,
  fields,
  values,
  fault,
  onChange,
}: {
  title: string;
  fields: readonly Ceiling[];
  values: Readonly<Record<string, string>>;
  fault: FaultOf;
  onChange: (to: Record<string, string>) => void;
}): ReactElement {
  return (
    <Section
      title={title}
      description="Of one execution, at most; left empty, what its bundle asks."
    >
      <div className="grid gap-3 sm:grid-cols-2">
        {fields.map(({ name, label, step }) => (
          <TextField
            key={name}
            label={label}
            type="number"
            min={0}
            step={step}
            value={values[name] ?? ''}
            error={fault(name)}
            onChange={(event) => {
              onChange({ ...values, [name]: event.target.value });
            }}
          />
        ))}
      </div>
    </Section>
  );
}

function Memory({ draft, fault, onChange }: Editing): ReactElement {
  const { memory } = draft;
  return (
    <Section
      title="What it may remember"
      description="From run to run, for this assistant alone; nothing where the number is left empty."
    >
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField
          label="Entries at most"
          type="number"
          min={1}
          step={1}
          value={memory.entries}
          error={fault('memory')}
          onChange={(event) => {
            onChange({ memory: { ...memory, entries: event.target.value } });
          }}
        />
        <TextField
          label="Model that makes vectors"
          value={memory.model}
          error={fault('memory.model')}
          autoComplete="off"
          spellCheck={false}
          help="One of the models above; left empty, entries are found by their words."
          onChange={(event) => {
            onChange({ memory: { ...memory, model: event.target.value } });
          }}
        />
      </div>
    </Section>
  );
}

function SystemCalls({ draft, fault, onChange }: Editing): ReactElement {
  const { strict, add } = draft.syscalls;
  return (
    <Section
      title="System calls"
      description="Of the sandbox’s own kernel; the machine’s are out of reach either way."
    >
      <div className="space-y-3">
        <SelectField
          label="Profile"
          value={strict ? 'strict' : 'default'}
          error={fault('syscalls')}
          help="Of its bundle’s and this one the narrower counts. A call outside strict ends the program."
          onChange={(event) => {
            onChange({ syscalls: { add: [], strict: event.target.value === 'strict' } });
          }}
        >
          <option value="default">default: what sandboxes let everybody do</option>
          <option value="strict">strict: what a plain program needs</option>
        </SelectField>
        {strict && (
          <fieldset>
            <legend className="text-sm font-medium">It may besides</legend>
            {ADDITIONS.map(([name, words]) => (
              <label key={name} className="flex min-h-6 items-center gap-1.5 text-sm">
                <input
                  type="checkbox"
                  className="size-4.5 accent-accent"
                  checked={add.includes(name)}
                  onChange={(event) => {
                    const others = add.filter((each) => each !== name);
                    const now = event.target.checked ? [...others, name] : others;
                    onChange({ syscalls: { strict, add: now } });
                  }}
                />
                {words}
              </label>
            ))}
          </fieldset>
        )}
      </div>
    </Section>
  );
}

/** What this page has no fields for. */
function More({ draft, onChange }: Editing): ReactElement {
  return (
    <Section
      title="What else is allowed"
      description="Members of the sandbox policy that have no fields here; left empty, none."
    >
      <LongTextField
        label="As JSON"
        value={draft.more}
        spellCheck={false}
        className="min-h-24 font-mono text-sm"
        onChange={(event) => {
          onChange({ more: event.target.value });
        }}
      />
    </Section>
  );
}
