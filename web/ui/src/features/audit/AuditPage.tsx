import type { ReactElement } from 'react';
import { EmptyState } from '@/shared/components/empty-state';
import { Page } from '@/shared/components/page';

export function AuditPage(): ReactElement {
  return (
    <Page title="Audit">
      <EmptyState title="This page is not there yet">Use the awgp command meanwhile.</EmptyState>
    </Page>
  );
}
