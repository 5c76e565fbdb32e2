import { Link, useRouter, type ErrorComponentProps } from '@tanstack/react-router';
import { Compass, UserX } from 'lucide-react';
import type { ReactElement } from 'react';
import { EmptyState } from '@/shared/components/empty-state';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Button } from '@/shared/components/ui/button';
import { Skeleton, SkeletonRows } from '@/shared/components/ui/skeleton';
import { signOut } from '@/shared/session/sign-in';

export function PagePending(): ReactElement {
  return (
    <div className="mx-auto w-full max-w-7xl space-y-4 px-4 py-5 md:px-6">
      <Skeleton className="h-7 w-40" />
      <SkeletonRows />
    </div>
  );
}

export function PageError({ error, reset }: ErrorComponentProps): ReactElement {
  const router = useRouter();
  const again = (): void => {
    reset();
    void router.invalidate();
  };
  return (
    <Page title="This page did not load" narrow>
      <ProblemNotice error={error} onRetry={again} />
    </Page>
  );
}

export function NotFoundPage(): ReactElement {
  return (
    <Page title="Not found" narrow>
      <EmptyState
        icon={Compass}
        title="There is no such page, or it is not yours to see"
        action={
          <Button asChild variant="primary">
            <Link to="/">Go to your inbox</Link>
          </Button>
        }
      >
        Check the address. If somebody sent it to you, ask them which tenant it belongs to.
      </EmptyState>
    </Page>
  );
}

export function NoTenant(): ReactElement {
  return (
    <Page title="No tenant" narrow>
      <EmptyState
        icon={UserX}
        title="You are signed in, but belong to no tenant"
        action={<Button onClick={() => void signOut()}>Sign out</Button>}
      >
        One belongs to a tenant by its groups, <code>&lt;tenant&gt;-operators</code> and{' '}
        <code>&lt;tenant&gt;-admins</code>; a role such as approver or auditor counts only there.
        Ask an admin of your tenant to have you added to one of them, then sign out and in again.
      </EmptyState>
    </Page>
  );
}
