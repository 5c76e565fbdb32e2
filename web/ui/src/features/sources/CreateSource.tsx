import { Plus } from 'lucide-react';
import { useState, type ReactElement } from 'react';
import { useCreateSource } from './change';
import { NamingFields } from './NamingFields';
import { SchemeFields } from './SchemeFields';
import { settingsIn, useSchemes, type SchemeName } from './schemes';
import { SecretField } from './SecretField';
import { CodeBlock } from '@/shared/components/code-block';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { SelectField } from '@/shared/components/form-field';
import { SecretOnce } from '@/shared/components/secret-once';
import { Button } from '@/shared/components/ui/button';

const USUAL = 'standard-webhooks';

export function CreateSource(): ReactElement {
  const schemes = useSchemes();
  const create = useCreateSource();
  const [chosen, setChosen] = useState<SchemeName>(USUAL);
  const scheme = schemes.data?.find((each) => each.name === chosen);
  return (
    <FormDialog
      trigger={
        <Button variant="primary">
          <Plus aria-hidden />
          New source
        </Button>
      }
      title="New source"
      description="An address for one sender, which proves who it is. Each event it sends becomes a run of the assistant. You answer for it, so you cannot approve what it sends."
      confirm="Create"
      onSubmit={async (form) => {
        const secret = textIn(form, 'secret');
        const made = await create.mutateAsync({
          name: textIn(form, 'name'),
          assistant: textIn(form, 'assistant'),
          scheme: chosen,
          settings: scheme === undefined ? {} : settingsIn(form, scheme),
          ...(secret === '' ? {} : { secret }),
        });
        const how = <CodeBlock label="How to send with it" text={made.sample} />;
        if (made.secret !== null) return <SecretOnce secret={made.secret}>{how}</SecretOnce>;
        return (
          <div className="space-y-2" role="status">
            <p className="text-sm">Give the sender this address:</p>
            <CodeBlock label="Address" text={made.url} />
            {how}
          </div>
        );
      }}
    >
      <NamingFields />
      <SelectField
        label="Sender"
        name="scheme"
        value={chosen}
        onChange={(event) => {
          const { value } = event.currentTarget;
          setChosen(schemes.data?.find((each) => each.name === value)?.name ?? USUAL);
        }}
        help={scheme?.where}
      >
        {schemes.data?.map((each) => (
          <option key={each.name} value={each.name}>
            {each.title}
          </option>
        )) ?? <option value={USUAL}>Standard Webhooks</option>}
      </SelectField>
      {scheme !== undefined && (
        <>
          <SchemeFields scheme={scheme} />
          <SecretField key={scheme.name} scheme={scheme} />
        </>
      )}
    </FormDialog>
  );
}
