import { FileText } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Approval } from './approval';
import { size } from './bytes';
import { bundleWords } from './Essentials';
import { FileView } from './FileView';
import { showHidden } from './hidden';
import { Section } from './Section';
import { Digest } from '@/shared/components/digest';
import { Signers } from '@/shared/components/signers';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { cn } from '@/shared/components/ui/cn';

const CHANGES = {
  added: { tone: 'ok', label: 'added' },
  removed: { tone: 'bad', label: 'removed' },
  changed: { tone: 'wait', label: 'changed' },
} as const;

/** The code that runs: its files, and what is not as in the bundle that was approved last. */
export function BundleSection({
  approval,
  file,
  onFile,
}: {
  approval: Approval;
  file: string | undefined;
  onFile: (path: string) => void;
}): ReactElement {
  const { bundle } = approval;
  const files = bundle.files ?? [];
  const shown = file ?? files.find((each) => each.change !== null)?.path ?? files[0]?.path;
  return (
    <Section
      title="Bundle"
      description={
        <>
          <span className="block first-letter:uppercase">{bundleWords(approval)}</span>
          {bundle.last_approved !== null && (
            <>
              Approved last <Time value={bundle.last_approved.decided_at} />
            </>
          )}
        </>
      }
    >
      <Digest value={bundle.digest.replace(/^sha256:/, '')} label="bundle’s digest" />
      <Signers signers={bundle.signers} unsignedBecause={bundle.unsigned_because} />
      {bundle.files === null ? (
        <p className="text-sm text-bad">
          The bundle cannot be read here. Do not approve what you cannot see; tell an admin.
        </p>
      ) : (
        <div className="grid gap-3 md:grid-cols-[14rem_minmax(0,1fr)]">
          <ul aria-label="Files of the bundle" className="max-h-96 space-y-0.5 overflow-y-auto">
            {files.map((each) => (
              <li key={each.path}>
                <button
                  type="button"
                  aria-current={each.path === shown}
                  className={cn(
                    'flex min-h-8 w-full items-center gap-1.5 rounded px-2 py-1 text-left text-sm hover:bg-sunken',
                    each.path === shown && 'bg-accent-soft',
                  )}
                  onClick={() => {
                    onFile(each.path);
                  }}
                >
                  <FileText aria-hidden className="size-4 shrink-0 text-muted" />
                  <span className="min-w-0 flex-1 break-all">{showHidden(each.path)}</span>
                  {each.executable && <span className="text-xs text-muted">exec</span>}
                  {each.change === null ? (
                    <span className="tabular text-xs whitespace-nowrap text-muted">
                      {size(each.size)}
                    </span>
                  ) : (
                    <Badge tone={CHANGES[each.change].tone}>{CHANGES[each.change].label}</Badge>
                  )}
                </button>
              </li>
            ))}
          </ul>
          {shown !== undefined && <FileView key={shown} approval={approval.id} path={shown} />}
        </div>
      )}
    </Section>
  );
}
