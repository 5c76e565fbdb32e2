import type { ReactElement } from 'react';
import { PageTabs } from '@/shared/components/page-tabs';

const TABS = [
  { to: '/t/$tenant/settings', label: 'You' },
  { to: '/t/$tenant/settings/tenant', label: 'Tenant' },
  { to: '/t/$tenant/settings/persons', label: 'Persons' },
  { to: '/t/$tenant/settings/notices', label: 'Notices' },
  { to: '/t/$tenant/settings/sandboxes', label: 'Sandboxes' },
  { to: '/t/$tenant/settings/credentials', label: 'Credentials' },
  { to: '/t/$tenant/settings/author-keys', label: 'Author keys' },
] as const;

export function SettingsTabs(): ReactElement {
  return <PageTabs label="Parts of the settings" tabs={TABS} />;
}
