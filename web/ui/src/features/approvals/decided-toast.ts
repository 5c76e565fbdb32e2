import type { Voted } from './decide';
import type { Intent } from './search';
import { toast } from '@/shared/components/ui/toast';

/** What one's vote did, and the way back while there is one. */
export function decidedToast(voted: Voted, verdict: Intent, withdraw: () => void): void {
  if (voted.status === 'approved') {
    toast({ tone: 'ok', title: 'Approved', detail: 'It runs now.' });
    return;
  }
  if (voted.status === 'rejected') {
    toast({ tone: 'ok', title: 'Rejected', detail: 'Nothing runs. Whoever asked is told.' });
    return;
  }
  const left = voted.tally.rules.reduce(
    (sum, rule) => sum + Math.max(0, rule.needed - rule.have),
    0,
  );
  toast({
    tone: 'ok',
    title: verdict === 'approve' ? 'Your vote counts' : 'Your vote is kept',
    detail: left === 1 ? 'One more is needed.' : `${left} more are needed.`,
    action: { label: 'Withdraw it', run: withdraw },
  });
}
