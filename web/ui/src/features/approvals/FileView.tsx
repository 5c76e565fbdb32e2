import { useState, type ReactElement } from 'react';
import { useFile } from './file';
import { hasHidden, showHidden } from './hidden';
import { HiddenNotice } from './PayloadTree';
import { CodeBlock } from '@/shared/components/code-block';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Button } from '@/shared/components/ui/button';
import { SkeletonLines } from '@/shared/components/ui/skeleton';

/** One file: what changed in it, or all of it. */
export function FileView({ approval, path }: { approval: string; path: string }): ReactElement {
  const { data, error, refetch } = useFile(approval, path);
  const [whole, setWhole] = useState(false);
  if (data === undefined) {
    return error === null ? (
      <SkeletonLines lines={6} />
    ) : (
      <ProblemNotice error={error} onRetry={() => void refetch()} />
    );
  }
  const text = whole || data.diff === null ? data.text : data.diff;
  return (
    <div className="min-w-0 space-y-2">
      {data.diff !== null && data.text !== null && (
        <Button
          size="small"
          aria-pressed={whole}
          onClick={() => {
            setWhole(!whole);
          }}
        >
          {whole ? 'Show what changed' : 'Show all of it'}
        </Button>
      )}
      {text !== null && hasHidden(text) && <HiddenNotice />}
      {text === null ? (
        <p className="text-sm text-muted">
          {data.size === null ? 'It was removed.' : 'It is no text, so it is not shown.'}
        </p>
      ) : (
        <CodeBlock
          label={text === data.text ? `The file ${path}` : `What changed in ${path}`}
          text={showHidden(text)}
        />
      )}
      {(text === data.text ? data.text_cut : data.diff_cut) && (
        <p className="text-sm text-wait">Only its beginning is shown.</p>
      )}
    </div>
  );
}
