import { FileOutput } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Run } from './run';
import { CodeBlock } from '@/shared/components/code-block';
import { CopyButton } from '@/shared/components/copy-button';
import { EmptyState } from '@/shared/components/empty-state';
import { JsonTree } from '@/shared/components/json-tree';
import { Card, CardContent } from '@/shared/components/ui/card';
import { bytesText } from '@/shared/text/amounts';

/** What the newest execution gave back. */
export function RunResult({ run }: { run: Run }): ReactElement {
  const execution = run.executions.find((each) => each.result_bytes !== null);
  if (execution?.result_bytes === undefined || execution.result_bytes === null) {
    return (
      <EmptyState icon={FileOutput} title="No result">
        {run.executions.length === 0
          ? 'Nothing has run. A result appears when the agent has ended well.'
          : 'The agent wrote none. Its log says what it did.'}
      </EmptyState>
    );
  }
  return (
    <div className="space-y-2">
      <p className="text-sm text-muted">
        {bytesText(execution.result_bytes)}, of attempt {execution.attempt} in epoch{' '}
        {execution.epoch}
        {execution.result_text !== null && ' (its beginning, as text)'}
      </p>
      {execution.result_text === null ? (
        <Json value={execution.result} label="Result" />
      ) : (
        <CodeBlock text={execution.result_text} label="Result" wrap />
      )}
    </div>
  );
}

export function Json({ value, label }: { value: unknown; label: string }): ReactElement {
  return (
    <Card>
      <CardContent className="relative pr-12">
        <JsonTree value={value} label={label} />
        <div className="absolute top-3 right-3">
          <CopyButton
            text={JSON.stringify(value, undefined, 2)}
            label={`Copy the ${label.toLowerCase()}`}
          />
        </div>
      </CardContent>
    </Card>
  );
}
