import type { ReactElement } from 'react';
import { textIn } from '@/shared/components/form-dialog';
import { SelectField, TextField } from '@/shared/components/form-field';
import { ReplayDeliveries, type Which } from '@/shared/components/replay-deliveries';

/** Sends again what went to one target: by outcome, and by time. */
export function ReplayHere({ target }: { target: string }): ReactElement {
  return (
    <ReplayDeliveries
      label="Send again"
      title={`Send deliveries to ${target} again`}
      which={(form) => ({ target, ...narrowed(form) })}
    >
      <SelectField label="Whose last attempt was" name="outcome" defaultValue="">
        <option value="">anything</option>
        <option value="delivered">delivered</option>
        <option value="refused">refused</option>
        <option value="retry">not taken</option>
      </SelectField>
      <TextField label="Attempted since" name="since" type="datetime-local" />
      <TextField label="Attempted until" name="until" type="datetime-local" />
    </ReplayDeliveries>
  );
}

function narrowed(form: FormData): Which {
  const outcome = textIn(form, 'outcome');
  return {
    ...(isOutcome(outcome) ? { outcome } : {}),
    ...moment(form, 'since'),
    ...moment(form, 'until'),
  };
}

function isOutcome(text: string): text is 'delivered' | 'refused' | 'retry' {
  return ['delivered', 'refused', 'retry'].includes(text);
}

/** What was said in the browser's own time. */
function moment(form: FormData, name: 'since' | 'until'): Which {
  const said = textIn(form, name);
  return said === '' ? {} : { [name]: new Date(said).toISOString() };
}
