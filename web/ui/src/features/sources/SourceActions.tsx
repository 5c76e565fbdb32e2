import { CirclePause, CirclePlay, KeyRound, Trash2 } from 'lucide-react';
import { useNavigate } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { useRemoveSource, useRotateSecret, useSwitchSource } from './change';
import { useSchemes } from './schemes';
import { SecretField } from './SecretField';
import type { Source } from './sources';
import { CodeBlock } from '@/shared/components/code-block';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { SelectField } from '@/shared/components/form-field';
import { SecretOnce } from '@/shared/components/secret-once';
import { Button } from '@/shared/components/ui/button';
import { useHasRole, useTenant } from '@/shared/session/tenant';

interface Seen {
  source: Source;
  etag: string;
}

export function SourceActions(seen: Seen): ReactElement | null {
  const isAdmin = useHasRole('admin');
  const mayRotate = useHasRole('operator', 'admin');
  if (!mayRotate) return null;
  return (
    <>
      {seen.source.kind === 'webhook' && <Rotate {...seen} />}
      {(seen.source.active || isAdmin) && <Switch {...seen} />}
      {isAdmin && <Remove {...seen} />}
    </>
  );
}

function Rotate({ source, etag }: Seen): ReactElement | null {
  const rotate = useRotateSecret();
  const schemes = useSchemes();
  const scheme = schemes.data?.find((each) => each.name === source.scheme);
  if (scheme?.secret === 'none') return null;
  return (
    <FormDialog
      trigger={
        <Button variant="primary">
          <KeyRound aria-hidden />
          Rotate secret
        </Button>
      }
      title={`A new secret for ${source.name}`}
      description="The older ones live on for a while, so that the sender can change over without losing an event."
      confirm="Make the secret"
      onSubmit={async (form) => {
        const made = await rotate.mutateAsync({
          id: source.id,
          etag,
          overlapSeconds: Number(textIn(form, 'overlap')),
          secret: textIn(form, 'secret'),
        });
        if (made.secret === null) return null;
        return (
          <SecretOnce secret={made.secret}>
            <CodeBlock label="How to send with it" text={made.sample} />
          </SecretOnce>
        );
      }}
    >
      <SelectField label="The older secrets count for" name="overlap" defaultValue="86400">
        <option value="0">no longer: it leaked</option>
        <option value="3600">an hour</option>
        <option value="86400">a day</option>
        <option value="604800">a week</option>
      </SelectField>
      {scheme !== undefined && <SecretField scheme={scheme} required />}
    </FormDialog>
  );
}

const SWITCH = {
  webhook: {
    on: ['Activate', 'Its events are taken again.'],
    off: [
      'Switch off',
      'Whatever it sends is refused until an admin activates it. Runs that began go on.',
    ],
  },
  cron: {
    on: [
      'Resume',
      'It sends from its next tick on. What it would have sent meanwhile is not made up for.',
    ],
    off: ['Pause', 'It sends nothing until an admin resumes it. Runs that began go on.'],
  },
} as const;

function Switch({ source, etag }: Seen): ReactElement {
  const change = useSwitchSource();
  const on = !source.active;
  const Icon = on ? CirclePlay : CirclePause;
  const [verb, means] = SWITCH[source.kind][on ? 'on' : 'off'];
  return (
    <ConfirmDialog
      trigger={
        <Button>
          <Icon aria-hidden />
          {verb}
        </Button>
      }
      title={`${verb}: ${source.name}?`}
      confirm={verb}
      danger={!on}
      onConfirm={() => change.mutateAsync({ id: source.id, etag, on })}
    >
      {means}
    </ConfirmDialog>
  );
}

function Remove({ source, etag }: Seen): ReactElement {
  const remove = useRemoveSource();
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
      title={`Remove ${source.name} for ever?`}
      confirm="Remove the source"
      danger
      onConfirm={async () => {
        await remove.mutateAsync({ id: source.id, etag });
        void navigate({ to: '/t/$tenant/sources', params: { tenant } });
      }}
    >
      {source.kind === 'cron'
        ? 'It never sends again.'
        : 'Its address and secrets never work again.'}{' '}
      The trail and its runs stay.
    </ConfirmDialog>
  );
}
