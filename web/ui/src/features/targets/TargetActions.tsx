import { useNavigate } from '@tanstack/react-router';
import { KeyRound, PencilLine, Trash2 } from 'lucide-react';
import type { ReactElement } from 'react';
import { useNewVersion, useRemoveTarget, useRotateTargetSecret } from './change';
import { settingsIn } from './settings-form';
import { TargetFields } from './TargetFields';
import type { Target } from './targets';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
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
      <NewVersion {...seen} />
      <Rotate {...seen} />
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
        await change.mutateAsync({
          name: target.name,
          etag,
          url: textIn(form, 'url'),
          settings: settingsIn(form),
        });
        toast({ tone: 'ok', title: `${target.name} has a new version` });
        return null;
      }}
    >
      <TargetFields url={target.url} settings={target.settings} />
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
