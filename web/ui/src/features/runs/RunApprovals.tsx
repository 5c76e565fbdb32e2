import { Hand } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Run } from './run';
import { ApprovalLink, Part, Parts } from './RunParts';
import { Digest } from '@/shared/components/digest';
import { EmptyState } from '@/shared/components/empty-state';
import { Fact, Facts } from '@/shared/components/facts';
import { Countdown, Time } from '@/shared/components/time';
import { Badge, type Tone } from '@/shared/components/ui/badge';

type Approval = Run['approvals'][number];
const TONES: Record<string, Tone> = { open: 'wait', approved: 'ok', rejected: 'bad' };

/** Every question people were asked about this run, with who answered. */
export function RunApprovals({ run }: { run: Run }): ReactElement {
  if (run.approvals.length === 0) {
    return (
      <EmptyState icon={Hand} title="No person was asked">
        The policy decided alone. Its decision says why.
      </EmptyState>
    );
  }
  return (
    <Parts>
      {run.approvals.map((each) => (
        <Part key={each.id} title={<Title approval={each} />}>
          <Details approval={each} />
        </Part>
      ))}
    </Parts>
  );
}

function Title({ approval }: { approval: Approval }): ReactElement {
  return (
    <>
      <Badge tone={TONES[approval.status] ?? 'neutral'}>{approval.status}</Badge>
      Epoch {approval.epoch}
      <Time value={approval.opened_at} className="font-normal text-muted" />
      <span className="ml-auto font-normal">
        <ApprovalLink id={approval.id}>
          Open the approval<span className="sr-only"> of epoch {approval.epoch}</span>
        </ApprovalLink>
      </span>
    </>
  );
}

function Details({ approval }: { approval: Approval }): ReactElement {
  return (
    <Facts>
      <Fact name="Action digest">
        <Digest value={approval.digest} />
      </Fact>
      {approval.status === 'open' && (
        <Fact name="Expires in">
          <Countdown until={approval.expires_at} />
        </Fact>
      )}
      {approval.execution_expires_at !== null && (
        <Fact name="Runs until">
          <Time value={approval.execution_expires_at} mode="absolute" />
        </Fact>
      )}
      <Fact name="Votes">
        {approval.votes.length === 0 ? (
          'None'
        ) : (
          <ul className="space-y-1">
            {approval.votes.map((vote) => (
              <li key={`${vote.person_id} ${vote.voted_at}`}>
                {vote.name}: {vote.verdict} <Time value={vote.voted_at} className="text-muted" />
                {vote.reason !== '' && <span className="block text-muted">“{vote.reason}”</span>}
              </li>
            ))}
          </ul>
        )}
      </Fact>
    </Facts>
  );
}
