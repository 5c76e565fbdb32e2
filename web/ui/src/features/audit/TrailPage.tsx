import { LockKeyhole } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { AuditTabs } from './AuditTabs';
import { EmptyState } from '@/shared/components/empty-state';
import { Page } from '@/shared/components/page';
import { useHasRole } from '@/shared/session/tenant';

/** The frame of the trail's pages, for those it is for. */
export function TrailPage({
  actions,
  children,
}: {
  actions?: ReactNode;
  children: ReactNode;
}): ReactElement {
  const mayRead = useHasRole('auditor', 'admin', 'holding');
  return (
    <Page
      title="Audit"
      description="What happened, sealed entry by entry"
      actions={mayRead && actions}
    >
      {mayRead ? (
        <>
          <AuditTabs />
          {children}
        </>
      ) : (
        <EmptyState icon={LockKeyhole} title="The trail is for auditors and admins">
          A run’s own page shows you its entries. For more, ask an admin of the tenant for the role
          auditor.
        </EmptyState>
      )}
    </Page>
  );
}
