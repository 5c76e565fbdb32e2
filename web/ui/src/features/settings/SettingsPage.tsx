import type { ReactElement } from 'react';
import { AppearanceCard } from './AppearanceCard';
import { LentVotesCard } from './LentVotesCard';
import { MeCard } from './MeCard';
import { NotificationsCard } from './NotificationsCard';
import { SessionsCard } from './SessionsCard';
import { SettingsTabs } from './SettingsTabs';
import { Page } from '@/shared/components/page';

export function SettingsPage(): ReactElement {
  return (
    <Page title="Settings" description="Who you are here, and how this browser shows it" narrow>
      <SettingsTabs />
      <div className="space-y-4">
        <MeCard />
        <LentVotesCard />
        <AppearanceCard />
        <NotificationsCard />
        <SessionsCard />
      </div>
    </Page>
  );
}
