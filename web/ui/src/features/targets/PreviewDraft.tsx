import type { ReactElement } from 'react';
import { usePreviewDraft } from './change';
import { versionIn } from './settings-form';
import { CodeBlock } from '@/shared/components/code-block';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Button } from '@/shared/components/ui/button';

/** What the form would have sent, of a sample; nothing is kept and nothing is sent. */
export function PreviewDraft(): ReactElement {
  const preview = usePreviewDraft();
  const shown = preview.data;
  return (
    <div className="space-y-2">
      <Button
        size="small"
        busy={preview.isPending}
        onClick={(event) => {
          const form = event.currentTarget.form;
          if (form !== null) preview.mutate(versionIn(new FormData(form)));
        }}
      >
        Show what would be sent
      </Button>
      {preview.error !== null && <ProblemNotice error={preview.error} />}
      {shown?.problem === null && <CodeBlock text={shown.body} label="Body" wrap />}
      {typeof shown?.problem === 'string' && (
        <p role="alert" className="text-sm">
          Of a sample, {`{"sample": true}`}: {shown.problem}
        </p>
      )}
    </div>
  );
}
