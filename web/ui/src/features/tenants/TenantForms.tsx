import { DoorClosed, Plus } from 'lucide-react';
import type { ReactElement } from 'react';
import { useCloseTenant, useOpenTenant } from './change';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { TextField } from '@/shared/components/form-field';
import { Button } from '@/shared/components/ui/button';
import type { Tenant } from '@/shared/tenants/tenants';

export function OpenTenant(): ReactElement {
  const open = useOpenTenant();
  return (
    <FormDialog
      trigger={
        <Button variant="primary">
          <Plus aria-hidden />
          Open a tenant
        </Button>
      }
      title="Open a subsidiary"
      description="It begins with an empty trail, and a policy set that denies everything until it has one."
      confirm="Open it"
      onSubmit={async (form) => {
        const made = await open.mutateAsync({
          slug: textIn(form, 'slug'),
          name: textIn(form, 'name'),
        });
        return (
          <p role="status" className="text-sm">
            {made.name} is open. Its people belong to it by the groups{' '}
            <code>{made.slug}-operators</code> and <code>{made.slug}-admins</code> of the identity
            provider: add the first admin there.
          </p>
        );
      }}
    >
      <TextField
        label="Short name"
        name="slug"
        required
        pattern="[a-z][a-z0-9\-]+"
        maxLength={39}
        help="2 to 39 small letters, digits and hyphens, a letter first. It never changes."
      />
      <TextField label="Name" name="name" required maxLength={120} />
    </FormDialog>
  );
}

export function CloseTenant({ tenant }: { tenant: Tenant }): ReactElement {
  const close = useCloseTenant();
  return (
    <FormDialog
      trigger={
        <Button size="small" aria-label={`Close ${tenant.tenant}`}>
          <DoorClosed aria-hidden />
          Close
        </Button>
      }
      title={`Close ${tenant.name} for ever?`}
      description={`Its sources stop, nobody signs in to it any more, and it cannot be opened again. Its trail stays.${tenant.moving_runs > 0 ? ` It is refused while ${tenant.moving_runs} of its runs are not over.` : ''}`}
      confirm="Close it for ever"
      danger
      onSubmit={async (form) => {
        await close.mutateAsync({ tenant: tenant.tenant, confirm: textIn(form, 'confirm') });
        return null;
      }}
    >
      <TextField
        label={`Type ${tenant.tenant} to confirm`}
        name="confirm"
        required
        autoComplete="off"
      />
    </FormDialog>
  );
}
