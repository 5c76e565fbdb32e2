import type { ReactElement } from 'react';
import { useBeginVisit } from './visits';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { ReasonField, SelectField } from '@/shared/components/form-field';
import { toast } from '@/shared/components/ui/toast';

/** Asks why and for how long, then one acts in the tenant. */
export function VisitDialog({
  tenant,
  trigger,
  onEntered,
}: {
  tenant: string;
  trigger: ReactElement;
  onEntered?: () => void;
}): ReactElement {
  const begin = useBeginVisit();
  return (
    <FormDialog
      trigger={trigger}
      title={`Act in ${tenant}`}
      description="While it lasts you are operator and admin there, never approver. Its people read who came, when and why."
      confirm="Begin the visit"
      onSubmit={async (form) => {
        const minutes = Number(textIn(form, 'minutes'));
        await begin.mutateAsync({ tenant, reason: textIn(form, 'reason'), minutes });
        toast({ tone: 'ok', title: `You act in ${tenant} for ${minutes} minutes` });
        onEntered?.();
        return null;
      }}
    >
      <ReasonField help="The tenant reads it, and it stays in its audit trail." />
      <SelectField label="For" name="minutes" defaultValue="15">
        <option value="5">5 minutes</option>
        <option value="15">15 minutes</option>
        <option value="30">30 minutes</option>
        <option value="60">an hour</option>
      </SelectField>
    </FormDialog>
  );
}
