import type { ReactElement } from 'react';
import { PreviewDraft } from './PreviewDraft';
import { settingsOf, type ShownSettings } from './settings-form';
import { CheckField, LongTextField, TextField } from '@/shared/components/form-field';

/** Where it is, how it knows us, what it is sent, and what answer means delivered. */
export function TargetFields({
  url,
  settings,
  template,
  hasHeader = false,
}: {
  url?: string;
  settings?: Record<string, unknown>;
  template?: string;
  /** A value is kept already. */
  hasHeader?: boolean;
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
        help="Results are posted here, signed with the target’s secret."
      />
      <CheckField
        label="It is an N8N webhook"
        name="n8n"
        defaultChecked={shown.n8n}
        help="What N8N says while it starts means not yet."
      />
      <TextField
        label="Header it knows us by"
        name="header"
        defaultValue={shown.header}
        placeholder="X-AWGP-Key"
        help="Such as that of N8N’s header authentication. Left empty, the signature alone."
      />
      <TextField
        label="That header’s value"
        name="header_value"
        type="password"
        autoComplete="off"
        help={
          hasHeader
            ? 'Left empty, the one it has is kept.'
            : 'Left empty, one is made and shown this once.'
        }
      />
      <LongTextField
        label="Template of the body"
        name="template"
        defaultValue={template}
        rows={5}
        spellCheck={false}
        className="font-mono"
        placeholder={'{"text": {{ result.summary | tojson }}}'}
        help="Jinja. Left empty, the message is sent as it is."
      />
      <PreviewDraft />
      <CheckField
        label="On a private address"
        name="allow_private"
        defaultChecked={shown.allowPrivate}
        help="It may be http, and inside your own network."
      />
      <details className="space-y-4">
        <summary className="text-sm text-accent">What an answer means, limits, retries</summary>
        <Answers shown={shown} />
        <Limits shown={shown} />
      </details>
    </>
  );
}

function Answers({ shown }: { shown: ShownSettings }): ReactElement {
  return (
    <>
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
        label="Not yet where the answer contains"
        name="body_lacks"
        defaultValue={shown.lacks}
      />
      <TextField
        label="Statuses that mean not yet"
        name="retry_status"
        defaultValue={shown.retry}
        help="Such as 409, for receivers that say so while they are busy."
      />
      <TextField
        label="Type of what the template makes"
        name="content_type"
        defaultValue={shown.contentType}
        placeholder="application/json"
      />
    </>
  );
}

function Limits({ shown }: { shown: ShownSettings }): ReactElement {
  return (
    <>
      <TextField
        label="Seconds for one exchange"
        name="timeout_seconds"
        type="number"
        min={1}
        max={60}
        defaultValue={shown.timeout}
      />
      <TextField
        label="Seconds before each retry"
        name="retry_seconds"
        defaultValue={shown.schedule}
        placeholder="5, 60, 600"
        help="“none” asks once. Left empty, as everywhere."
      />
      <TextField
        label="Deliveries at once, at most"
        name="concurrency"
        type="number"
        min={1}
        max={100}
        defaultValue={shown.concurrency}
      />
      <TextField
        label="Failures in a row before it is left alone"
        name="circuit_failures"
        type="number"
        min={1}
        max={1000}
        defaultValue={shown.failures}
        placeholder="10"
      />
      <TextField
        label="Seconds it is left alone at first"
        name="circuit_open_seconds"
        type="number"
        min={1}
        max={3600}
        defaultValue={shown.openSeconds}
        placeholder="30"
      />
    </>
  );
}
