import { CircleHelp, ShieldAlert, ShieldCheck } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Check } from './check';
import { Digest } from '@/shared/components/digest';
import { cn } from '@/shared/components/ui/cn';

/** The digest, and what this browser found when it computed it itself. */
export function DigestLine({
  digest,
  check,
  full = false,
  className,
}: {
  digest: string;
  check: Check;
  full?: boolean;
  className?: string;
}): ReactElement {
  return (
    <div className={cn('min-w-0 text-sm', className)}>
      <Digest value={digest} full={full} />
      <Verdict check={check} />
    </div>
  );
}

function Verdict({ check }: { check: Check }): ReactElement {
  if (check.state === 'matches') {
    return (
      <p className="flex items-start gap-1.5 text-ok">
        <ShieldCheck aria-hidden className="mt-0.5 size-4 shrink-0" />
        Computed in this browser: it matches.
      </p>
    );
  }
  if (check.state === 'unchecked') {
    return (
      <p className="flex items-start gap-1.5 text-wait">
        <CircleHelp aria-hidden className="mt-0.5 size-4 shrink-0" />
        Not checked: browsers compute digests only on pages that came by https. Open this page by
        https to decide.
      </p>
    );
  }
  return (
    <div role="alert" className="space-y-1 text-bad">
      <p className="flex items-start gap-1.5 font-medium">
        <ShieldAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
        It does NOT match what is shown ({check.parts.join(', ')}). Do not decide; tell an admin.
      </p>
      <p>
        This browser computed <code className="break-all">{check.computed}</code>
      </p>
    </div>
  );
}
