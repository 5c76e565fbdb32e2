import type { ReactElement } from 'react';
import { isProblem } from '@/shared/api/problem';
import { ProblemNotice } from '@/shared/components/problem-notice';

/** What kept a decision from counting, and what to do about it here. */
const ADVICE: Record<string, string> = {
  'digest-mismatch':
    'What is asked is no longer what you saw. Nothing was decided. This page has loaded what is asked now: look again.',
  'approval-already-decided':
    'Somebody else decided first. This page shows how it ended; there is nothing left to do.',
  'approval-expired': 'Its time has passed, and nothing runs. Whoever asked may ask again.',
  'four-eyes': 'Another person has to decide this one.',
  'not-your-turn': 'Others are asked first. It comes to your inbox when it is your turn.',
  'vote-not-lent': 'The vote you would have given was taken back, or its time is over.',
  'decision-link-over': 'The link is used up. You may decide here all the same, if you are asked.',
  'decision-link-not-yours': 'The link was made for another person. It was put away.',
};

export function DecisionProblem({
  error,
  id,
}: {
  error: unknown;
  id: string;
}): ReactElement | null {
  if (error === null || error === undefined) return null;
  const advice = isProblem(error) ? ADVICE[error.slug] : undefined;
  return (
    <ProblemNotice key={id} error={error}>
      {advice !== undefined && <p className="text-sm font-medium">{advice}</p>}
    </ProblemNotice>
  );
}
