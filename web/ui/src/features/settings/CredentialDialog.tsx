import type { ReactElement } from 'react';
import { useSaveCredential, type Credential } from './credentials';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { TextField } from '@/shared/components/form-field';
import { toast } from '@/shared/components/ui/toast';

/** A new credential, or a new value for one. The value is typed here and shown nowhere. */
export function CredentialDialog({
  trigger,
  credential,
}: {
  trigger: ReactElement;
  /** The one that gets another value; a new one without. */
  credential?: Credential;
}): ReactElement {
  const save = useSaveCredential();
  return (
    <FormDialog
      trigger={trigger}
      title={credential === undefined ? 'Add a credential' : `Another value for ${credential.name}`}
      description={
        credential === undefined
          ? 'The gateway puts it into requests whose rule names it. Neither agents nor people are shown it again.'
          : 'The old one is gone. The new one is used from the next launch on; nothing is asked again.'
      }
      confirm={credential === undefined ? 'Add the credential' : 'Replace the value'}
      onSubmit={async (form) => {
        const name = credential?.name ?? textIn(form, 'name');
        await save.mutateAsync({
          seen: credential,
          name,
          header: textIn(form, 'header'),
          value: textIn(form, 'value'),
        });
        toast({ tone: 'ok', title: `${name} is saved` });
        return null;
      }}
    >
      {credential === undefined && (
        <TextField
          label="Name"
          name="name"
          required
          maxLength={63}
          autoComplete="off"
          spellCheck={false}
          help="What rules call it: small letters, digits and hyphens, a letter first."
        />
      )}
      <TextField
        label="Header"
        name="header"
        required
        maxLength={128}
        defaultValue={credential?.header ?? 'Authorization'}
        autoComplete="off"
        spellCheck={false}
        help="The header it is sent in, such as Authorization or X-API-Key."
      />
      <TextField
        label="Value"
        name="value"
        type="password"
        required
        minLength={8}
        maxLength={8192}
        autoComplete="new-password"
        help="The whole value of the header, such as Bearer and a token. 8 characters or more: shorter ones cannot be struck out of what comes back."
      />
    </FormDialog>
  );
}
