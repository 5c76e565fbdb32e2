import type { ReactElement } from 'react';
import { PageTabs } from '@/shared/components/page-tabs';

const TABS = [
  { to: '/t/$tenant/audit', label: 'Entries' },
  { to: '/t/$tenant/audit/proof', label: 'Proof' },
  { to: '/t/$tenant/audit/exports', label: 'Exports' },
] as const;

export function AuditTabs(): ReactElement {
  return <PageTabs label="Parts of the audit trail" tabs={TABS} />;
}
