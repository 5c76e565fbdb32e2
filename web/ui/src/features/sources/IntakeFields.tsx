import { useState, type ReactElement } from 'react';
import { BODIES, BODY_KINDS, type Body, type ShownIntake } from './taking';
import { CheckField, SelectField, TextField } from '@/shared/components/form-field';

const HELP: Record<Body, string> = {
  json: 'An object.',
  form: 'Such as Slack and Twilio send.',
  cloudevents: 'Version 1.0: binary, structured, and batches of up to 100.',
  raw: 'Kept as text, or in base64, with its label.',
};

export function IntakeFields({ shown }: { shown: ShownIntake }): ReactElement {
  return (
    <>
      <fieldset className="space-y-2">
        <legend className="mb-1 text-sm font-medium">Bodies</legend>
        {BODY_KINDS.map((each) => (
          <CheckField
            key={each}
            label={BODIES[each]}
            name={`body.${each}`}
            defaultChecked={shown.bodies.includes(each)}
            help={HELP[each]}
          />
        ))}
        <p className="text-sm text-muted">With none of them, as its scheme sends.</p>
      </fieldset>
      <EventIdFields shown={shown} />
      <TextField
        label="A form’s member that holds JSON"
        name="json_member"
        defaultValue={shown.jsonMember}
        maxLength={100}
        placeholder="payload"
        autoComplete="off"
      />
      <Numbers shown={shown} />
    </>
  );
}

function EventIdFields({ shown }: { shown: ShownIntake }): ReactElement {
  const [by, setBy] = useState<string>(shown.idBy);
  return (
    <>
      <SelectField
        label="What names an event"
        name="id_by"
        value={by}
        onChange={(event) => {
          setBy(event.target.value);
        }}
        help="Sent again with the same name and body, it is the same run."
      >
        <option value="scheme">what its scheme has, else the signed message</option>
        <option value="pointer">a place in the body</option>
        <option value="header">a header</option>
      </SelectField>
      {by !== 'scheme' && (
        <TextField
          key={by}
          label={by === 'pointer' ? 'Place in the body' : 'Header'}
          name="id_at"
          required
          defaultValue={by === shown.idBy ? shown.idAt : ''}
          placeholder={by === 'pointer' ? '/data/id' : 'X-Event-Id'}
          autoComplete="off"
          spellCheck={false}
          help={
            by === 'pointer'
              ? 'A JSON pointer.'
              : 'Most schemes sign no other headers: prefer a place in the body.'
          }
        />
      )}
    </>
  );
}

function Numbers({ shown }: { shown: ShownIntake }): ReactElement {
  const field = (label: string, name: string, value: string): ReactElement => (
    <TextField label={label} name={name} type="number" min={1} defaultValue={value} />
  );
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">Limits</legend>
      <div className="grid gap-3 sm:grid-cols-2">
        {field('Bytes of a body', 'max_body_bytes', shown.bytes)}
        {field('Depth of JSON', 'max_json_depth', shown.depth)}
        {field('Requests a minute', 'per_minute', shown.perMinute)}
        {field('Requests at once', 'burst', shown.burst)}
      </div>
      <p className="mt-1 text-sm text-muted">Left empty, the edge’s own; never above those.</p>
    </fieldset>
  );
}
