import type { ReactElement } from 'react';
import { settingsOf } from './settings-form';
import { CheckField, TextField } from '@/shared/components/form-field';

/** Where it is, and what answer means delivered. */
export function TargetFields({
  url,
  settings,
}: {
  url?: string;
  settings?: Record<string, unknown>;
}): ReactElement {
  const shown = settingsOf(settings ?? {});
  return (
    <>
      <TextField
        label="Address"
        name="url"
        type="url"
        required
        defaultValue={url}
        placeholder="https://"
        help="Results are posted here, signed with the target's secret."
      />
      <TextField
        label="Statuses that mean delivered"
        name="status"
        defaultValue={shown.status}
        help="Such as 200, 202. Any 2xx where it is empty."
      />
      <TextField
        label="The answer has to contain"
        name="body_contains"
        defaultValue={shown.contains}
      />
      <TextField
        label="Statuses that mean not yet"
        name="retry_status"
        defaultValue={shown.retry}
        help="Such as 409, for receivers that say so while they are busy."
      />
      <CheckField
        label="On a private address"
        name="allow_private"
        defaultChecked={shown.allowPrivate}
        help="It may be http, and inside your own network."
      />
    </>
  );
}
