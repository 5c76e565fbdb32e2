import { CircleCheck, CircleDashed, CircleX } from 'lucide-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { checkEntry, verdictOf, type Check, type Outcome, type ProvenEntry } from './proof';
import { CodeBlock } from '@/shared/components/code-block';
import { Digest } from '@/shared/components/digest';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Section } from '@/shared/components/section';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { cn } from '@/shared/components/ui/cn';
import { tenantKey } from '@/shared/api/query-client';
import { useTenant } from '@/shared/session/tenant';

const SIGNS = {
  holds: { icon: CircleCheck, colour: 'text-ok', word: 'holds' },
  fails: { icon: CircleX, colour: 'text-bad', word: 'does not hold' },
  unchecked: { icon: CircleDashed, colour: 'text-wait', word: 'not checked' },
} as const;

const VERDICTS: Record<Outcome, { text: string; style: string }> = {
  holds: {
    text: 'Verified in this browser: sealed, unaltered, and under a signed checkpoint.',
    style: 'bg-ok-soft text-ok',
  },
  fails: {
    text: 'NOT verified: something does not hold. Tell your auditor, and keep this page.',
    style: 'bg-bad-soft text-bad',
  },
  unchecked: {
    text: 'Not verified yet: not all of it could be checked here.',
    style: 'bg-wait-soft text-wait',
  },
};

/** The proof, recomputed here from the bytes; the server's word is not taken for it. */
export function EntryProof({ entry }: { entry: ProvenEntry }): ReactElement {
  const tenant = useTenant();
  const { data, error } = useQuery({
    queryKey: [...tenantKey(tenant), 'audit-checks', entry],
    queryFn: () => checkEntry(entry),
    staleTime: Infinity,
    enabled: isSecureContext,
  });
  if (!isSecureContext) {
    return (
      <Section title="Proof">
        <p className="text-sm text-wait">
          Not verified: this address is not secure, so the browser lends no cryptography. Open AWGP
          over https, or verify an export.
        </p>
      </Section>
    );
  }
  return (
    <Section title="Proof">
      {error !== null && <ProblemNotice error={error} />}
      {data === undefined ? (
        error === null && <SkeletonLines />
      ) : (
        <Checks checks={data} entry={entry} />
      )}
    </Section>
  );
}

function Checks({ checks, entry }: { checks: readonly Check[]; entry: ProvenEntry }): ReactElement {
  const verdict = VERDICTS[verdictOf(checks)];
  const tenant = useTenant();
  return (
    <div className="space-y-3">
      <p role="status" className={cn('rounded-md p-3 text-sm font-medium', verdict.style)}>
        {verdict.text}
      </p>
      <ul className="space-y-2">
        {checks.map((each) => (
          <One key={each.what} check={each} />
        ))}
      </ul>
      {entry.signer !== null && (
        <p className="text-sm text-muted">
          Signed by <Digest value={entry.signer.fingerprint} label="fingerprint" /> It comes from
          the system it is to check:{' '}
          <Link to="/t/$tenant/audit/proof" params={{ tenant }} className="text-accent underline">
            compare it
          </Link>{' '}
          with one you got another way.
        </p>
      )}
      {entry.proof !== null && (
        <details>
          <summary className="min-h-6 text-sm text-accent">Path and signed note</summary>
          <div className="mt-2 space-y-2">
            <CodeBlock label="The signed note" text={entry.proof.checkpoint.note} />
            <CodeBlock
              label="Inclusion path"
              text={entry.proof.path.join('\n') || 'The tree has this one leaf.'}
            />
          </div>
        </details>
      )}
    </div>
  );
}

function One({ check }: { check: Check }): ReactElement {
  const { icon: Icon, colour, word } = SIGNS[check.outcome];
  return (
    <li className="flex gap-2 text-sm">
      <Icon aria-hidden className={cn('mt-0.5 size-4 shrink-0', colour)} />
      <span>
        {check.what}
        <span className="sr-only">: {word}</span>
        {check.detail !== undefined && <span className="block text-muted">{check.detail}</span>}
      </span>
    </li>
  );
}
