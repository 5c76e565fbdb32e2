import type { ReactElement } from 'react';
import { useTryMapping } from './change-taking';
import { sampleIn, type WouldBecome } from './taking';
import { LongTextField, SelectField } from '@/shared/components/form-field';
import { JsonTree } from '@/shared/components/json-tree';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';

const LABELS = [
  'application/json',
  'application/x-www-form-urlencoded',
  'application/cloudevents+json',
  'application/cloudevents-batch+json',
  'text/plain',
];
const SAMPLE = '{"type": "invoice.paid", "data": {"id": "in_7", "amount": 1200}}';

/**
 * What an event would become: nothing is kept and nothing runs. It stands in a form, and takes the
 * rules in it where there are some.
 */
export function TryEvent({ source }: { source: string }): ReactElement {
  const attempt = useTryMapping(source);
  return (
    <fieldset className="space-y-3 rounded-md border border-line p-3">
      <legend className="px-1 text-sm font-medium">Try an event: nothing is kept or run</legend>
      <LongTextField
        label="Its body"
        name="event"
        rows={4}
        spellCheck={false}
        className="font-mono text-sm"
        defaultValue={SAMPLE}
      />
      <SelectField label="Content-Type" name="content_type" defaultValue="application/json">
        {LABELS.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </SelectField>
      <LongTextField
        label="Other headers"
        name="headers"
        rows={2}
        spellCheck={false}
        className="font-mono text-sm"
        placeholder="X-GitHub-Event: push"
        help="One a line."
      />
      <Button
        size="small"
        busy={attempt.isPending}
        onClick={(event) => {
          const { form } = event.currentTarget;
          if (form !== null) attempt.mutate(() => sampleIn(new FormData(form)));
        }}
      >
        See what it becomes
      </Button>
      {attempt.error !== null && <ProblemNotice error={attempt.error} />}
      <div role="status" className="space-y-2">
        {attempt.data?.map((each, at) => (
          <Outcome key={at} event={each} />
        ))}
      </div>
    </fieldset>
  );
}

function Outcome({ event }: { event: WouldBecome }): ReactElement {
  if (event.outcome === 'ignored')
    return (
      <p className="text-sm">
        <Badge>Ignored</Badge> No rule takes it: it becomes no run.
      </p>
    );
  if (event.outcome === 'refused')
    return (
      <p className="text-sm break-words">
        <Badge tone="bad">Refused</Badge> {event.problem}
      </p>
    );
  return (
    <div className="space-y-2 text-sm">
      <p>
        <Badge tone="ok">A run</Badge> of {event.assistant}
        {event.rule === null ? ', as it came' : `, by the rule ${event.rule}`}
      </p>
      <Part name="Payload" value={event.payload} />
      {Object.keys(event.context).length > 0 && (
        <Part name="Context for policies" value={event.context} />
      )}
    </div>
  );
}

function Part({ name, value }: { name: string; value: unknown }): ReactElement {
  return (
    <div>
      <p className="text-muted">{name}</p>
      <JsonTree label={name} value={value} />
    </div>
  );
}
