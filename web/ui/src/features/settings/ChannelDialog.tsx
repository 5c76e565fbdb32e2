import { useState, type ReactElement } from 'react';
import { useSaveChannel, type Channel, type ChannelBody } from './channels';
import { EVENTS, listIn } from './notice-words';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { CheckField, SelectField, TextField } from '@/shared/components/form-field';
import { toast } from '@/shared/components/ui/toast';

const NAMES = Object.keys(EVENTS) as ChannelBody['events'];

export function ChannelDialog({
  trigger,
  channel,
}: {
  trigger: ReactElement;
  /** The one to change; a new one without. */
  channel?: Channel;
}): ReactElement {
  const save = useSaveChannel();
  return (
    <FormDialog
      trigger={trigger}
      title={channel === undefined ? 'New channel' : `Change ${channel.name}`}
      description="Who is told, and of what. A notice says in plain words what is asked, and links to its page."
      confirm={channel === undefined ? 'Create' : 'Save'}
      onSubmit={async (form) => {
        const body = bodyIn(form, channel);
        await save.mutateAsync({ seen: channel, body });
        toast({ tone: 'ok', title: `${body.name} is saved` });
        return null;
      }}
    >
      <Fields channel={channel} />
    </FormDialog>
  );
}

/** As the channel is when the form begins, and begins again. */
function Fields({ channel }: { channel: Channel | undefined }): ReactElement {
  const [kind, setKind] = useState(channel?.kind ?? 'webhook');
  return (
    <>
      <TextField
        label="Name"
        name="name"
        required
        defaultValue={channel?.name}
        help="Small letters, digits and hyphens, a letter first."
      />
      <SelectField
        label="By"
        name="kind"
        value={kind}
        onChange={(event) => {
          setKind(event.target.value === 'email' ? 'email' : 'webhook');
        }}
      >
        <option value="webhook">webhook, to a target</option>
        <option value="email">e-mail</option>
      </SelectField>
      {kind === 'webhook' ? <OfWebhook channel={channel} /> : <OfMail channel={channel} />}
      <Events channel={channel} />
      <TextField
        label="Only of these assistants"
        name="assistants"
        defaultValue={channel?.assistants.join(', ')}
        help="Names, with commas between. Every one where it is empty."
      />
      <TextField
        label="Only under these approval rules"
        name="rules"
        defaultValue={channel?.rules.join(', ')}
        help="The same."
      />
      <CheckField
        label="The payload goes along"
        name="with_payload"
        defaultChecked={channel?.with_payload ?? false}
        help="It leaves AWGP then."
      />
      <CheckField label="Active" name="active" defaultChecked={channel?.active ?? true} />
    </>
  );
}

function OfWebhook({ channel }: { channel: Channel | undefined }): ReactElement {
  return (
    <TextField
      label="Target"
      name="target"
      required
      defaultValue={channel?.target ?? ''}
      help="The name of a target; its secret signs the notice."
    />
  );
}

function OfMail({ channel }: { channel: Channel | undefined }): ReactElement {
  return (
    <>
      <TextField
        label="Addresses"
        name="recipients"
        defaultValue={channel?.recipients.join(', ')}
        help="With commas between."
      />
      <CheckField
        label="Also those it is up to"
        name="to_people"
        defaultChecked={channel?.to_people ?? true}
        help="Who can still decide; once it is decided, who asked and who voted."
      />
    </>
  );
}

function Events({ channel }: { channel: Channel | undefined }): ReactElement {
  return (
    <fieldset className="space-y-2">
      <legend className="mb-1 text-sm font-medium">When</legend>
      {NAMES.map((name) => (
        <CheckField
          key={name}
          label={EVENTS[name]}
          name={`event:${name}`}
          defaultChecked={channel?.events.includes(name) ?? name === 'approval.opened'}
        />
      ))}
    </fieldset>
  );
}

export function bodyIn(form: FormData, channel: Channel | undefined): ChannelBody {
  const kind = textIn(form, 'kind') === 'email' ? 'email' : 'webhook';
  const mail = kind === 'email';
  return {
    name: textIn(form, 'name') || (channel?.name ?? ''),
    kind,
    events: NAMES.filter((name) => form.get(`event:${name}`) !== null),
    assistants: listIn(textIn(form, 'assistants')),
    rules: listIn(textIn(form, 'rules')),
    with_payload: form.get('with_payload') !== null,
    active: form.get('active') !== null,
    target: mail ? null : textIn(form, 'target'),
    recipients: mail ? listIn(textIn(form, 'recipients')) : [],
    to_people: mail && form.get('to_people') !== null,
  };
}
