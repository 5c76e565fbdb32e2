import { Link } from '@tanstack/react-router';
import {
  CircleDashed,
  Clock,
  LockKeyhole,
  ScrollText,
  ShieldAlert,
  ShieldCheck,
} from 'lucide-react';
import type { ReactElement } from 'react';
import { useRunTrail, type CheckedEntry, type CheckedTrail, type Finding } from './run-trail';
import { CodeBlock } from '@/shared/components/code-block';
import { Digest } from '@/shared/components/digest';
import { EmptyState } from '@/shared/components/empty-state';
import { Fact, Facts } from '@/shared/components/facts';
import { JsonTree } from '@/shared/components/json-tree';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { Card } from '@/shared/components/ui/card';
import { SkeletonRows } from '@/shared/components/ui/skeleton';
import { useTenant } from '@/shared/session/tenant';

/** What the sealed trail says of the run; each entry is proven in this browser. */
export function RunTrail({ run }: { run: string }): ReactElement {
  const query = useRunTrail(run);
  if (query.isPending) return <SkeletonRows rows={4} />;
  if (query.data === undefined) {
    return <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />;
  }
  const [first] = query.data.pages;
  const entries = query.data.pages.flatMap((page) => page.items);
  if (entries.length === 0 || first === undefined) {
    return (
      <EmptyState icon={ScrollText} title="Nothing is sealed yet">
        Entries are sealed within a second or two; they appear here by themselves.
      </EmptyState>
    );
  }
  return (
    <div className="space-y-3">
      <Verdict trail={first} entries={entries} />
      <Card>
        <ol className="divide-y divide-line">
          {entries.map((each) => (
            <Entry key={each.sequence} entry={each} />
          ))}
        </ol>
      </Card>
      {query.hasNextPage && (
        <Button
          size="small"
          busy={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          Load more
        </Button>
      )}
    </div>
  );
}

function Verdict({
  trail,
  entries,
}: {
  trail: CheckedTrail;
  entries: readonly CheckedEntry[];
}): ReactElement {
  const tenant = useTenant();
  const count = (kind: Finding['kind']): number =>
    entries.filter((each) => each.finding.kind === kind).length;
  const waiting = count('waiting');
  const refuted = count('refuted');
  const unchecked = entries.map((each) => each.finding).find((each) => each.kind === 'unchecked');
  return (
    <div role="status" className="space-y-1 text-sm">
      <p className={refuted > 0 ? 'font-medium text-bad' : undefined}>
        {refuted > 0
          ? `${refuted} of ${entries.length} entries do not hold: tell an auditor, and verify the export offline.`
          : `${count('proved')} of ${entries.length} entries proved in this browser, from their sealed bytes up to the signed root and its signature.`}
      </p>
      {unchecked?.kind === 'unchecked' && (
        <p className="text-wait">Not verified: {unchecked.why}</p>
      )}
      {waiting > 0 && (
        <p className="text-muted">
          {waiting} {waiting === 1 ? 'waits' : 'wait'} for a checkpoint
          {trail.why_no_proof === null
            ? ', which is signed every while.'
            : `: ${trail.why_no_proof}.`}
        </p>
      )}
      {trail.checkpoint !== null && (
        <p className="text-muted">
          Checkpoint {trail.checkpoint.size}, signed <Time value={trail.checkpoint.signed_at} />
          {trail.signer !== null && (
            <>
              {' by '}
              <Digest value={trail.signer.fingerprint} label="fingerprint" /> It comes from the
              system it is to check:{' '}
              <Link
                to="/t/$tenant/audit/proof"
                params={{ tenant }}
                className="text-accent underline"
              >
                compare it
              </Link>{' '}
              with one you got another way
            </>
          )}
          .
        </p>
      )}
    </div>
  );
}

function Entry({ entry }: { entry: CheckedEntry }): ReactElement {
  return (
    <li>
      <details>
        <summary className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-sm hover:bg-sunken/60">
          <code className="tabular w-14 text-muted">{entry.sequence}</code>
          <span className="min-w-0 flex-1 font-medium break-words">{entry.action}</span>
          <Time value={entry.occurred_at} className="text-muted" />
          <FindingBadge finding={entry.finding} />
        </summary>
        <div className="space-y-3 border-t border-line bg-sunken/40 p-4">
          <EntryFacts entry={entry} />
          <CodeBlock
            text={new TextDecoder().decode(Uint8Array.from(atob(entry.body_base64), codeOf))}
            label={`Sealed bytes of entry ${entry.sequence}`}
            wrap
          />
        </div>
      </details>
    </li>
  );
}

function codeOf(character: string): number {
  return character.charCodeAt(0);
}

function EntryFacts({ entry }: { entry: CheckedEntry }): ReactElement {
  const { finding } = entry;
  return (
    <Facts>
      <Fact name="Proof">
        {finding.kind === 'proved' &&
          `Its bytes are entry ${entry.sequence} of the ${finding.size} that checkpoint ${finding.size} signs; ${entry.proof?.path.length ?? 0} hashes lead to the root.`}
        {finding.kind === 'waiting' && 'No checkpoint covers it yet.'}
        {finding.kind === 'unchecked' && `Not verified: ${finding.why}`}
        {finding.kind === 'refuted' && `It does not hold: ${finding.why}.`}
      </Fact>
      <Fact name="By">
        {entry.actor_type} <code className="break-all">{entry.actor_id}</code>
      </Fact>
      <Fact name="About">
        {entry.resource_type} <code className="break-all">{entry.resource_id}</code>
      </Fact>
      <Fact name="Sealed">
        <Time value={entry.sealed_at} mode="absolute" />
      </Fact>
      <Fact name="Chain hash">
        <Digest value={entry.hash} label="chain hash" />
      </Fact>
      {(['before', 'after', 'metadata'] as const).map((name) => {
        const value = entry[name];
        if (value === null || Object.keys(value).length === 0) return null;
        return (
          <Fact key={name} name={name}>
            <JsonTree value={value} label={`${name} of entry ${entry.sequence}`} />
          </Fact>
        );
      })}
    </Facts>
  );
}

function FindingBadge({ finding }: { finding: Finding }): ReactElement {
  switch (finding.kind) {
    case 'proved':
      return (
        <Badge tone="ok">
          <ShieldCheck aria-hidden />
          proved in checkpoint {finding.size}
        </Badge>
      );
    case 'waiting':
      return (
        <Badge>
          <Clock aria-hidden />
          sealed, not signed yet
        </Badge>
      );
    case 'unchecked':
      return (
        <Badge tone="wait">
          <CircleDashed aria-hidden />
          not verified
        </Badge>
      );
    case 'refuted':
      return (
        <Badge tone="bad">
          <ShieldAlert aria-hidden />
          does not hold
        </Badge>
      );
  }
}

/** Whether all of the run is sealed. */
export function SealedMark({ at }: { at: string | null }): ReactElement | null {
  if (at === null) return null;
  return (
    <span className="inline-flex items-center gap-1 text-sm text-muted">
      <LockKeyhole aria-hidden className="size-3.5" />
      sealed <Time value={at} />
    </span>
  );
}
