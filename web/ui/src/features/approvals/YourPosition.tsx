import type { ReactElement } from 'react';
import type { Approval } from './approval';
import { useWithdraw } from './withdraw';
import { Button } from '@/shared/components/ui/button';

/** Why I cannot vote now, and what I can do instead. */
export function YourPosition({ approval }: { approval: Approval }): ReactElement {
  const { me, my_vote: vote, status } = approval;
  const withdraw = useWithdraw();
  return (
    <div className="space-y-2 rounded-md bg-sunken p-3 text-sm">
      <p className="font-medium">
        {vote !== null ? `You voted to ${vote}` : 'This is not yours to decide now'}
      </p>
      {me.detail !== null && <p className="break-words first-letter:uppercase">{me.detail}.</p>}
      {vote !== null && status === 'open' && (
        <Button
          size="small"
          busy={withdraw.isPending}
          onClick={() => {
            withdraw.mutate(approval.id);
          }}
        >
          Withdraw my vote
        </Button>
      )}
    </div>
  );
}
