import { ThumbsDown, ThumbsUp } from 'lucide-react';
import type { ReactElement } from 'react';
import type { Approval } from './approval';
import { showHidden } from './hidden';
import { Section } from './Section';
import { Time } from '@/shared/components/time';
import type { components } from '@/shared/api/schema';

/** Who voted and why, who still can, and who may not. */
export function PeopleSection({ approval }: { approval: Approval }): ReactElement {
  const { votes, can_still_vote: possible, excluded, status } = approval;
  return (
    <Section title="People">
      <div className="space-y-1">
        <h3 className="text-sm">Voted</h3>
        {votes.length === 0 && <p className="text-sm text-muted">Nobody yet.</p>}
        <ul className="space-y-2">
          {votes.map((each) => (
            <Vote key={`${each.person_id}${each.voted_at}`} vote={each} />
          ))}
        </ul>
      </div>
      {status === 'open' && (
        <div className="space-y-1">
          <h3 className="text-sm">Can still vote</h3>
          {possible.length === 0 ? (
            <p className="text-sm text-muted">
              Nobody who was here before is in the groups asked. People appear when they sign in.
            </p>
          ) : (
            <ul className="text-sm">
              {possible.map((each) => (
                <li key={each.person_id}>
                  {showHidden(each.name)}{' '}
                  <span className="text-muted">under {each.rules.join(', ')}</span>
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
      <div className="space-y-1">
        <h3 className="text-sm">May not vote</h3>
        {excluded.length === 0 ? (
          <p className="text-sm text-muted">Nobody is excluded.</p>
        ) : (
          <ul className="text-sm">
            {excluded.map((each) => (
              <li key={each.person_id}>
                {showHidden(each.name)} <span className="text-muted">({each.because})</span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </Section>
  );
}

function Vote({ vote }: { vote: components['schemas']['VoteView'] }): ReactElement {
  const approved = vote.verdict === 'approve';
  const Icon = approved ? ThumbsUp : ThumbsDown;
  return (
    <li className="flex items-start gap-2 text-sm">
      <Icon
        aria-hidden
        className={approved ? 'mt-0.5 size-4 shrink-0 text-ok' : 'mt-0.5 size-4 shrink-0 text-bad'}
      />
      <div className="min-w-0">
        <p>
          <span className="font-medium">{showHidden(vote.name)}</span>
          {vote.on_behalf_of_name !== null && ` for ${showHidden(vote.on_behalf_of_name)}`}{' '}
          {approved ? 'approved' : 'rejected'} <Time value={vote.voted_at} className="text-muted" />
        </p>
        {vote.reject_reason !== null && (
          <p className="break-words">{showHidden(vote.reject_reason)}</p>
        )}
        {vote.reason !== '' && <p className="break-words">“{showHidden(vote.reason)}”</p>}
      </div>
    </li>
  );
}
