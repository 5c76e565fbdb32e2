import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import type { Approval } from './approval';
import { useRunApprovals } from './run-approvals';
import { Fact, Section } from './Section';
import { Digest } from '@/shared/components/digest';
import { useTenant } from '@/shared/session/tenant';

/** The same run was asked about before: under which digest, and what the votes then are worth. */
export function AskedBefore({ approval }: { approval: Approval }): ReactElement | null {
  const tenant = useTenant();
  const { data } = useRunApprovals(approval.run_id);
  const [before] = (data ?? [])
    .filter((each) => each.status === 'superseded' && each.opened_at < approval.opened_at)
    .sort((one, other) => other.opened_at.localeCompare(one.opened_at));
  if (before === undefined) return null;
  return (
    <Section
      title="Asked before"
      description={`What it covers has changed since. ${votesWords(before.votes.length)}`}
    >
      <dl className="space-y-2">
        <Fact name="Digest before">
          <Digest value={before.digest} label="digest before" />{' '}
          <Link
            to="/t/$tenant/approvals/$approval"
            params={{ tenant, approval: before.id }}
            className="text-accent hover:underline"
          >
            See what was asked then
          </Link>
        </Fact>
        <Fact name="Digest now">
          <Digest value={approval.digest} label="digest now" />
        </Fact>
      </dl>
    </Section>
  );
}

function votesWords(count: number): string {
  if (count === 0) return 'Nobody had voted.';
  return count === 1 ? 'The vote given then is void.' : `The ${count} votes given then are void.`;
}
