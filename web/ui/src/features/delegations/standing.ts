import type { Delegation } from './delegations';

export type Standing = 'revoked' | 'ended' | 'later' | 'in-force';

export function standingOf(
  loan: Pick<Delegation, 'revoked_at' | 'starts_at' | 'ends_at'>,
  now: number,
): Standing {
  if (loan.revoked_at !== null) return 'revoked';
  if (new Date(loan.ends_at).getTime() <= now) return 'ended';
  return new Date(loan.starts_at).getTime() > now ? 'later' : 'in-force';
}
