import { FileText } from 'lucide-react';
import type { ReactElement } from 'react';
import { useBundle, useBundleDiff, useBundleFile } from './bundles';
import { CodeBlock } from '@/shared/components/code-block';
import { Digest } from '@/shared/components/digest';
import { Fact, Facts } from '@/shared/components/facts';
import { Printable } from '@/shared/components/printable';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Signers } from '@/shared/components/signers';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { cn } from '@/shared/components/ui/cn';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { bytesText } from '@/shared/text/amounts';

/** A bundle's files, and one of them as text. It is its author's: never markup. */
export function BundleView({
  digest,
  file,
  onFile,
}: {
  digest: string;
  file: string | undefined;
  onFile: (path: string) => void;
}): ReactElement {
  const { data, error, refetch } = useBundle(digest);
  if (data === undefined) {
    return error === null ? (
      <SkeletonLines lines={5} />
    ) : (
      <ProblemNotice error={error} onRetry={() => void refetch()} />
    );
  }
  const shown = data.files.find((each) => each.path === file);
  return (
    <div className="space-y-3">
      <Facts>
        <Fact name="Digest">
          <Digest value={data.digest} full />
        </Fact>
        <Fact name="Author">
          {data.author.name} <Time value={data.created_at} className="text-muted" />
        </Fact>
        <Fact name="Size">
          {bytesText(data.unpacked_bytes)}, packed {bytesText(data.packed_bytes)}
        </Fact>
        <Fact name="Signed">
          <Signers signers={data.signers} unsignedBecause={data.unsigned_because} />
        </Fact>
      </Facts>
      <ul aria-label="Files" className="divide-y divide-line rounded-md border border-line">
        {data.files.map((each) => (
          <li key={each.path}>
            <button
              type="button"
              aria-expanded={each.path === file}
              className={cn(
                'flex min-h-8 w-full items-center gap-2 px-3 py-1 text-left text-sm hover:bg-sunken',
                each.path === file && 'bg-accent-soft',
              )}
              onClick={() => {
                onFile(each.path);
              }}
            >
              <FileText aria-hidden className="size-4 shrink-0 text-muted" />
              <code className="min-w-0 flex-1 break-all">
                <Printable text={each.path} />
              </code>
              {each.executable && <Badge>program</Badge>}
              <span className="tabular text-muted">{bytesText(each.size)}</span>
            </button>
          </li>
        ))}
      </ul>
      {shown !== undefined && <FileContent digest={digest} path={shown.path} />}
    </div>
  );
}

function FileContent({ digest, path }: { digest: string; path: string }): ReactElement {
  const { data, error } = useBundleFile(digest, path);
  if (data === undefined) {
    return error === null ? <SkeletonLines lines={6} /> : <ProblemNotice error={error} />;
  }
  if (data.text === null) {
    return <p className="text-sm text-muted">{path} is no text, so it is not shown.</p>;
  }
  return (
    <div className="space-y-1">
      <CodeBlock text={data.text} label={`The file ${path}`} />
      {data.cut && <p className="text-sm text-wait">Only its beginning is shown.</p>}
    </div>
  );
}

const TONES = { added: 'ok', removed: 'bad', changed: 'wait' } as const;

/** What is not as in another version's bundle, file by file. */
export function BundleDiff({ digest, against }: { digest: string; against: string }): ReactElement {
  const { data, error } = useBundleDiff(digest, against);
  if (data === undefined) {
    return error === null ? <SkeletonLines lines={5} /> : <ProblemNotice error={error} />;
  }
  if (data.files.length === 0) {
    return <p className="text-sm text-muted">Their bundles are the same.</p>;
  }
  return (
    <ul className="space-y-3">
      {data.files.map((each) => (
        <li key={each.path} className="min-w-0 space-y-1">
          <p className="flex flex-wrap items-center gap-2 text-sm">
            <Badge tone={TONES[each.change]}>{each.change}</Badge>
            <code className="break-all">{each.path}</code>
          </p>
          {each.diff === null ? (
            <p className="text-sm text-muted">It is no text, or too much to compare.</p>
          ) : (
            <UnifiedDiff diff={each.diff} label={`What changed in ${each.path}`} />
          )}
          {each.cut && <p className="text-sm text-wait">Only its beginning is shown.</p>}
        </li>
      ))}
    </ul>
  );
}

const SIDES: Record<string, { style: string; word: string }> = {
  '+': { style: 'bg-ok-soft', word: 'added: ' },
  '-': { style: 'bg-bad-soft', word: 'removed: ' },
  '@': { style: 'bg-sunken text-muted', word: '' },
};

function UnifiedDiff({ diff, label }: { diff: string; label: string }): ReactElement {
  return (
    <div
      role="region"
      aria-label={label}
      tabIndex={0}
      className="max-h-[32rem] overflow-auto rounded-md border border-line font-mono text-sm"
    >
      {diff.split('\n').map((line, at) => {
        const side = SIDES[line.charAt(0)];
        return (
          <div key={at} className={cn('px-3 break-all whitespace-pre-wrap', side?.style)}>
            {side !== undefined && <span className="sr-only">{side.word}</span>}
            <Printable text={line} />
          </div>
        );
      })}
    </div>
  );
}
