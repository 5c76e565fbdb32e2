import { lazy, Suspense, type ReactElement, type Ref } from 'react';
import type { PolicyFinding } from './findings';
import { PlainEditor } from './PlainEditor';
import { Skeleton } from '@/shared/components/ui/skeleton';

export interface SourceEditorHandle {
  /** Put the cursor there; both count from 1. */
  goTo: (line: number, column: number | null) => void;
}

export interface SourceEditorProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** Of this very text; undefined while nobody has judged it, and what was marked stays. */
  findings: readonly PolicyFinding[] | undefined;
  describedBy: string;
  ref?: Ref<SourceEditorHandle>;
}

// It is large, so it comes when it is needed; where it does not come, one can still write.
const Loaded = lazy(() => import('./CedarEditor').catch(() => ({ default: PlainEditor })));

/** Cedar, to be written. */
export function SourceEditor(props: SourceEditorProps): ReactElement {
  return (
    <Suspense
      fallback={
        <div aria-busy="true">
          <Skeleton className="h-[28rem]" />
        </div>
      }
    >
      <Loaded {...props} />
    </Suspense>
  );
}
