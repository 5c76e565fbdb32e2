import type { ReactElement } from 'react';
import { useAssistantNames } from './assistants';
import { SelectField, TextField } from '@/shared/components/form-field';

/** What a new source is called, and whose runs its events become. */
export function NamingFields(): ReactElement {
  const names = useAssistantNames();
  return (
    <>
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
    </>
  );
}
