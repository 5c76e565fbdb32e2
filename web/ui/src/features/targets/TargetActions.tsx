import { useNavigate } from '@tanstack/react-router';
import { KeyRound, PencilLine, Power, Trash2 } from 'lucide-react';
import type { ReactElement } from 'react';
import {
  useNewVersion,
  useRemoveTarget,
  useReplaceHeader,
  useRotateTargetSecret,
  useSwitchOff,
} from './change';
import { SendTest } from './SendTest';
import { versionIn } from './settings-form';
import { TargetFields } from './TargetFields';
import type { Target } from './targets';
import { Told } from './Told';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { TextField } from '@/shared/components/form-field';
import { SecretOnce } from '@/shared/components/secret-once';
import { Button } from '@/shared/components/ui/button';
import { toast } from '@/shared/components/ui/toast';
import { useTenant } from '@/shared/session/tenant';

interface Seen {
  target: Target;
  etag: string;
}

export function TargetActions(seen: Seen): ReactElement {
  return (
    <>
      <SendTest name={seen.target.name} />
      <NewVersion {...seen} />
      <Rotate {...seen} />
      {typeof seen.target.settings['header'] === 'string' && <ReplaceHeader {...seen} />}
      {seen.target.disabled_at === null && <SwitchOff {...seen} />}
      <Remove {...seen} />
    </>
  );
}

function NewVersion({ target, etag }: Seen): ReactElement {
  const change = useNewVersion();
  return (
    <FormDialog
      trigger={
        <Button>
          <PencilLine aria-hidden />
          New version
        </Button>
      }
      title={`Version ${target.version + 1} of ${target.name}`}
      description="What is approved already is delivered only as it was approved: it is asked for again where the target changed."
      confirm="Make the version"
      onSubmit={async (form) => {
        const saved = await change.mutateAsync({ name: target.name, etag, ...versionIn(form) });
        toast({ tone: 'ok', title: `${target.name} has a new version` });
        return saved.header_value === null ? null : <Told headerValue={saved.header_value} />;
      }}
    >
      <TargetFields
        url={target.url}
        settings={target.settings}
        template={target.template}
        hasHeader={target.header_since_at !== null}
      />
    </FormDialog>
  );
}

function Rotate({ target, etag }: Seen): ReactElement {
  const rotate = useRotateTargetSecret();
  return (
    <FormDialog
      trigger={
        <Button>
          <KeyRound aria-hidden />
          Rotate secret
        </Button>
      }
      title={`A new secret for ${target.name}?`}
      description="The old one counts no more from that moment: the receiver refuses deliveries until it has the new one."
      confirm="Make the secret"
      danger
      onSubmit={async () => {
        const made = await rotate.mutateAsync({ name: target.name, etag });
        return <SecretOnce secret={made.secret} />;
      }}
    />
  );
}

function ReplaceHeader({ target, etag }: Seen): ReactElement {
  const replace = useReplaceHeader();
  return (
    <FormDialog
      trigger={
        <Button>
          <KeyRound aria-hidden />
          Header value
        </Button>
      }
      title={`Another header value for ${target.name}?`}
      description="It is sent from that moment: the receiver refuses deliveries until it knows it."
      confirm="Replace the value"
      danger
      onSubmit={async (form) => {
        const value = textIn(form, 'header_value');
        const saved = await replace.mutateAsync({ name: target.name, etag, value });
        return saved.header_value === null ? null : <Told headerValue={saved.header_value} />;
      }}
    >
      <TextField
        label="The new value"
        name="header_value"
        type="password"
        autoComplete="off"
        help="Left empty, one is made and shown this once."
      />
    </FormDialog>
  );
}

function SwitchOff({ target, etag }: Seen): ReactElement {
  const change = useSwitchOff();
  return (
    <FormDialog
      trigger={
        <Button>
          <Power aria-hidden />
          Switch off
        </Button>
      }
      title={`Switch ${target.name} off?`}
      description="Nothing is sent to it. What is delivered to it waits for up to a week, in its order."
      confirm="Switch it off"
      danger
      onSubmit={async (form) => {
        await change.mutateAsync({ name: target.name, etag, reason: textIn(form, 'reason') });
        return null;
      }}
    >
      <TextField label="Why" name="reason" required maxLength={300} help="Everybody sees it." />
    </FormDialog>
  );
}

function Remove({ target, etag }: Seen): ReactElement {
  const remove = useRemoveTarget();
  const tenant = useTenant();
  const navigate = useNavigate();
  return (
    <ConfirmDialog
      trigger={
        <Button>
          <Trash2 aria-hidden />
          Remove
        </Button>
      }
      title={`Remove ${target.name}?`}
      confirm="Remove the target"
      danger
      onConfirm={async () => {
        await remove.mutateAsync({ name: target.name, etag });
        void navigate({ to: '/t/$tenant/targets', params: { tenant } });
      }}
    >
      Nothing is delivered to it any more.{' '}
      {target.assistants.length > 0 &&
        `It is refused while these deliver to it: ${target.assistants.join(', ')}.`}
    </ConfirmDialog>
  );
}
