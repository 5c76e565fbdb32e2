import { Plus } from 'lucide-react';
import type { ReactElement } from 'react';
import { useAssistantNames } from './assistants';
import { useCreateSource } from './change';
import { CodeBlock } from '@/shared/components/code-block';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { SelectField, TextField } from '@/shared/components/form-field';
import { SecretOnce } from '@/shared/components/secret-once';
import { Button } from '@/shared/components/ui/button';

export function CreateSource(): ReactElement {
  const names = useAssistantNames();
  const create = useCreateSource();
  return (
    <FormDialog
      trigger={
        <Button variant="primary">
          <Plus aria-hidden />
          New source
        </Button>
      }
      title="New source"
      description="An address with a secret, for one sender. Each event it signs becomes a run of the assistant. You answer for it, so you cannot approve what it sends."
      confirm="Create"
      onSubmit={async (form) => {
        const made = await create.mutateAsync({
          name: textIn(form, 'name'),
          assistant: textIn(form, 'assistant'),
        });
        return (
          <SecretOnce secret={made.secret}>
            <CodeBlock label="How to send with it" text={made.sample} />
          </SecretOnce>
        );
      }}
    >
      <TextField
        label="Name"
        name="name"
        required
        maxLength={63}
        help="Small letters, digits and hyphens, a letter first."
      />
      <SelectField label="Assistant" name="assistant" required>
        <option value="">Choose…</option>
        {names.data?.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </SelectField>
    </FormDialog>
  );
}
