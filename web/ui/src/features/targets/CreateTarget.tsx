import { Plus } from 'lucide-react';
import type { ReactElement } from 'react';
import { useCreateTarget } from './change';
import { versionIn } from './settings-form';
import { TargetFields } from './TargetFields';
import { Told } from './Told';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { TextField } from '@/shared/components/form-field';
import { Button } from '@/shared/components/ui/button';

export function CreateTarget(): ReactElement {
  const create = useCreateTarget();
  return (
    <FormDialog
      trigger={
        <Button variant="primary">
          <Plus aria-hidden />
          New target
        </Button>
      }
      title="New target"
      description="Where results of agents, or notices, are delivered to."
      confirm="Create"
      onSubmit={async (form) => {
        const made = await create.mutateAsync({
          name: textIn(form, 'name'),
          ...versionIn(form),
        });
        return <Told secret={made.secret} headerValue={made.header_value} />;
      }}
    >
      <TextField
        label="Name"
        name="name"
        required
        maxLength={63}
        help="Small letters, digits and hyphens, a letter first."
      />
      <TargetFields />
    </FormDialog>
  );
}
