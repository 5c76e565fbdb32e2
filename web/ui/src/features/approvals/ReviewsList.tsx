import { Link } from '@tanstack/react-router';
import { Siren } from 'lucide-react';
import type { ReactElement } from 'react';
import { CloseReviewDialog } from './CloseReviewDialog';
import { showHidden } from './hidden';
import { useReviews, type Review } from './reviews';
import { EmptyState } from '@/shared/components/empty-state';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { Card } from '@/shared/components/ui/card';
import { SkeletonRows } from '@/shared/components/ui/skeleton';
import { useHasRole, useTenant } from '@/shared/session/tenant';

/** What one person approved alone in an emergency; another has to say whether it was one. */
export function ReviewsList(): ReactElement {
  return (
    <div className="space-y-6">
      <section aria-label="Reviews that wait" className="space-y-2">
        <Reviews status="open" />
      </section>
      <section aria-labelledby="closed-reviews" className="space-y-2">
        <h2 id="closed-reviews" className="text-base">
          Closed
        </h2>
        <Reviews status="closed" />
      </section>
    </div>
  );
}

function Reviews({ status }: { status: 'open' | 'closed' }): ReactElement {
  const query = useReviews(status);
  const reviews = query.data?.pages.flatMap((page) => page.items) ?? [];
  if (query.isPending) {
    return (
      <Card>
        <SkeletonRows rows={2} />
      </Card>
    );
  }
  if (query.error !== null) {
    return <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />;
  }
  if (reviews.length === 0) {
    return status === 'open' ? (
      <Card>
        <EmptyState icon={Siren} title="No review waits">
          When somebody breaks the glass and approves alone, another person looks at it here.
        </EmptyState>
      </Card>
    ) : (
      <p className="text-sm text-muted">No review was closed yet.</p>
    );
  }
  return (
    <>
      <ul className="space-y-2">
        {reviews.map((each) => (
          <ReviewCard key={each.id} review={each} />
        ))}
      </ul>
      {query.hasNextPage && (
        <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          Load more
        </Button>
      )}
    </>
  );
}

function ReviewCard({ review }: { review: Review }): ReactElement {
  const tenant = useTenant();
  const may = useHasRole('admin', 'approver', 'auditor');
  return (
    <li className="space-y-1.5 rounded-lg border border-line bg-surface p-4">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Link
          to="/t/$tenant/approvals/$approval"
          params={{ tenant, approval: review.approval_id }}
          className="font-medium break-words hover:underline"
        >
          {showHidden(review.person)} approved alone
        </Link>
        <ReviewBadge review={review} />
        <Time value={review.opened_at} className="ml-auto text-sm text-muted" />
      </div>
      <p className="text-sm break-words">“{showHidden(review.reason)}”</p>
      {review.closed_at === null ? (
        may && <Look review={review} />
      ) : (
        <p className="text-sm break-words text-muted">
          {showHidden(review.closed_by ?? '')}: “{showHidden(review.note)}”{' '}
          <Time value={review.closed_at} />
        </p>
      )}
    </li>
  );
}

/** Four eyes: not by whoever broke the glass, nor by who had another part in it. */
function Look({ review }: { review: Review }): ReactElement {
  if (review.excluded_as === null) return <CloseReviewDialog review={review} />;
  return (
    <p className="text-sm text-muted">
      You are the {review.excluded_as}, so another person closes it: an approver, an admin or an
      auditor.
    </p>
  );
}

function ReviewBadge({ review }: { review: Review }): ReactElement {
  if (review.verdict === null) return <Badge tone="wait">Waits for a review</Badge>;
  return review.verdict === 'justified' ? (
    <Badge tone="ok">Justified</Badge>
  ) : (
    <Badge tone="bad">Not justified</Badge>
  );
}
