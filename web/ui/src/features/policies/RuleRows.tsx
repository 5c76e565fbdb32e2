import { ArrowDown, ArrowUp, Plus, Trash2 } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { moved, newReminder, newStage, newStep } from './rule-draft';
import type { RuleFormProps } from './RuleForm';
import { SpanField } from './SpanField';
import { TextField } from '@/shared/components/form-field';
import { Button } from '@/shared/components/ui/button';

const MOST_STAGES = 10;
const MOST_PEOPLE = 100;

/** The turns, in order: each is asked once the one before is met. */
export function Stages({ draft, onChange, problemAt }: RuleFormProps): ReactElement {
  const { stages } = draft;
  return (
    <Rows
      legend="Who must agree"
      help="One after the other; who is in any of a stage's groups may vote in it."
      error={problemAt('stages')}
      add="Add a stage"
      onAdd={() => {
        onChange({ ...draft, stages: [...stages, newStage()] });
      }}
      full={stages.length >= MOST_STAGES}
    >
      {stages.map((stage, at) => {
        const place = at === 0 ? '' : `stages.${at - 1}.`;
        const change = (with_: Partial<typeof stage>): void => {
          onChange({ ...draft, stages: stages.with(at, { ...stage, ...with_ }) });
        };
        return (
          <li key={stage.id} className="flex flex-wrap items-start gap-x-3 gap-y-2">
            <div className="w-32">
              <TextField
                label={`Stage ${at + 1}: people`}
                type="number"
                inputMode="numeric"
                required
                min={1}
                max={MOST_PEOPLE}
                value={stage.quorum}
                onChange={(event) => {
                  change({ quorum: event.target.value });
                }}
                error={problemAt(`${place}quorum`)}
              />
            </div>
            <div className="min-w-40 flex-1">
              <Groups
                label={`Stage ${at + 1}: of these groups`}
                value={stage.groups}
                onChange={(groups) => {
                  change({ groups });
                }}
                error={problemAt(`${place}groups`)}
              />
            </div>
            <div className="flex gap-1 sm:pt-6">
              {stages.length > 1 && (
                <>
                  <Move
                    stage={at}
                    by={-1}
                    possible={at > 0}
                    onMove={() => {
                      onChange({ ...draft, stages: moved(stages, at, -1) });
                    }}
                  />
                  <Move
                    stage={at}
                    by={1}
                    possible={at < stages.length - 1}
                    onMove={() => {
                      onChange({ ...draft, stages: moved(stages, at, 1) });
                    }}
                  />
                  <Remove
                    what={`stage ${at + 1}`}
                    onRemove={() => {
                      onChange({ ...draft, stages: stages.toSpliced(at, 1) });
                    }}
                  />
                </>
              )}
            </div>
          </li>
        );
      })}
    </Rows>
  );
}

/** When who may still vote is told again. */
export function Reminders({ draft, onChange, problemAt }: RuleFormProps): ReactElement {
  const { remind } = draft;
  return (
    <Rows
      legend="Reminders"
      help="Whoever may still vote is told again."
      error={problemAt('remind')}
      add="Add a reminder"
      onAdd={() => {
        onChange({ ...draft, remind: [...remind, newReminder()] });
      }}
    >
      {remind.map((each, at) => (
        <li key={each.id} className="flex items-start gap-3">
          <SpanField
            label={`Reminder ${at + 1}: after`}
            value={each}
            onChange={(value) => {
              onChange({ ...draft, remind: remind.with(at, value) });
            }}
            error={problemAt(`remind.${at}`)}
          />
          <div className="pt-6">
            <Remove
              what={`reminder ${at + 1}`}
              onRemove={() => {
                onChange({ ...draft, remind: remind.toSpliced(at, 1) });
              }}
            />
          </div>
        </li>
      ))}
    </Rows>
  );
}

/** From when further groups may vote too. */
export function Escalation({ draft, onChange, problemAt }: RuleFormProps): ReactElement {
  const { escalate } = draft;
  return (
    <Rows
      legend="Escalation"
      help="Undecided for so long, further groups may vote too, in every stage."
      error={problemAt('escalate')}
      add="Add a step"
      onAdd={() => {
        onChange({ ...draft, escalate: [...escalate, newStep()] });
      }}
    >
      {escalate.map((each, at) => (
        <li key={each.id} className="flex flex-wrap items-start gap-x-3 gap-y-2">
          <SpanField
            label={`Step ${at + 1}: after`}
            value={each}
            onChange={(value) => {
              onChange({ ...draft, escalate: escalate.with(at, value) });
            }}
            error={problemAt(`escalate.${at}.after_seconds`)}
          />
          <div className="min-w-40 flex-1">
            <Groups
              label={`Step ${at + 1}: these groups too`}
              value={each.to}
              onChange={(to) => {
                onChange({ ...draft, escalate: escalate.with(at, { ...each, to }) });
              }}
              error={problemAt(`escalate.${at}.to`)}
            />
          </div>
          <div className="pt-6">
            <Remove
              what={`step ${at + 1}`}
              onRemove={() => {
                onChange({ ...draft, escalate: escalate.toSpliced(at, 1) });
              }}
            />
          </div>
        </li>
      ))}
    </Rows>
  );
}

function Rows({
  legend,
  help,
  error,
  add,
  onAdd,
  full = false,
  children,
}: {
  legend: string;
  help: string;
  error: string | undefined;
  add: string;
  onAdd: () => void;
  full?: boolean;
  children: ReactNode;
}): ReactElement {
  return (
    <fieldset className="space-y-2">
      <legend className="mb-1 font-semibold">{legend}</legend>
      <p className="text-sm text-muted">{help}</p>
      <ol className="space-y-3">{children}</ol>
      {error !== undefined && <p className="text-sm font-medium text-bad">{error}</p>}
      <Button size="small" disabled={full} onClick={onAdd}>
        <Plus aria-hidden />
        {add}
      </Button>
    </fieldset>
  );
}

function Groups({
  label,
  value,
  onChange,
  error,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  error: string | undefined;
}): ReactElement {
  return (
    <TextField
      label={label}
      required
      placeholder="approver, acme-admins"
      autoCapitalize="off"
      spellCheck={false}
      value={value}
      onChange={(event) => {
        onChange(event.target.value);
      }}
      error={error}
    />
  );
}

function Move({
  stage,
  by,
  possible,
  onMove,
}: {
  stage: number;
  by: -1 | 1;
  possible: boolean;
  onMove: () => void;
}): ReactElement {
  const Icon = by < 0 ? ArrowUp : ArrowDown;
  return (
    // It keeps the focus where the stage has reached the end.
    <Button
      variant="ghost"
      size="icon"
      aria-disabled={!possible}
      aria-label={`Move stage ${stage + 1} ${by < 0 ? 'up' : 'down'}`}
      onClick={onMove}
    >
      <Icon aria-hidden />
    </Button>
  );
}

function Remove({ what, onRemove }: { what: string; onRemove: () => void }): ReactElement {
  return (
    <Button variant="ghost" size="icon" aria-label={`Remove ${what}`} onClick={onRemove}>
      <Trash2 aria-hidden />
    </Button>
  );
}
