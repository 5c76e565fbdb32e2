import { HandHelping } from 'lucide-react';
import { useState, type ReactElement } from 'react';
import { DelegationCard } from './DelegationCard';
import { useDelegations, type Shown } from './delegations';
import { LendDialog } from './LendDialog';
import { EmptyState } from '@/shared/components/empty-state';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Button } from '@/shared/components/ui/button';
import { Card } from '@/shared/components/ui/card';
import { SkeletonRows } from '@/shared/components/ui/skeleton';
import { Switch } from '@/shared/components/ui/switch';
import { useLentVotes } from '@/shared/live/lent-votes';
import { useHasRole } from '@/shared/session/tenant';

/** Who may vote for whom, and until when. */
export function DelegationsPage(): ReactElement {
  const [shown, setShown] = useState<Shown>({ whose: 'mine', status: 'current' });
  const query = useDelegations(shown);
  useLentVotes();
  const administers = useHasRole('admin');
  const loans = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page
      title="Lent votes"
      description="Let another person vote in your place for a time. What you may not decide, they may not decide for you."
      actions={<LendDialog />}
      narrow
    >
      <div className="mb-3 flex flex-wrap gap-x-6 gap-y-2 text-sm">
        <Choice
          label="Everybody’s"
          on={shown.whose === 'all'}
          onChange={(on) => {
            setShown({ ...shown, whose: on ? 'all' : 'mine' });
          }}
        />
        <Choice
          label="Ended ones too"
          on={shown.status === 'all'}
          onChange={(on) => {
            setShown({ ...shown, status: on ? 'all' : 'current' });
          }}
        />
      </div>
      {query.error !== null && (
        <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.isPending && (
        <Card>
          <SkeletonRows rows={3} />
        </Card>
      )}
      {query.data !== undefined && loans.length === 0 && (
        <Card>
          <EmptyState icon={HandHelping} title="No vote is lent">
            Before you are away, lend your vote to a colleague, so that nothing waits for you.
          </EmptyState>
        </Card>
      )}
      <ul className="space-y-2">
        {loans.map((each) => (
          <DelegationCard
            key={each.id}
            loan={each}
            mayEnd={administers || shown.whose === 'mine'}
          />
        ))}
      </ul>
      {query.hasNextPage && (
        <Button
          className="mt-3"
          busy={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          Load more
        </Button>
      )}
    </Page>
  );
}

function Choice({
  label,
  on,
  onChange,
}: {
  label: string;
  on: boolean;
  onChange: (on: boolean) => void;
}): ReactElement {
  return (
    <label className="flex items-center gap-2">
      <Switch aria-label={label} checked={on} onCheckedChange={onChange} />
      {label}
    </label>
  );
}
