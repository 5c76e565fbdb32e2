import type { ReactElement } from 'react';
import { AppearanceCard } from './AppearanceCard';
import { LentVotesCard } from './LentVotesCard';
import { MeCard } from './MeCard';
import { NotificationsCard } from './NotificationsCard';
import { Page } from '@/shared/components/page';

export function SettingsPage(): ReactElement {
  return (
    <Page title="Settings" description="Who you are here, and how this browser shows it" narrow>
      <div className="space-y-4">
        <MeCard />
        <LentVotesCard />
        <AppearanceCard />
        <NotificationsCard />
      </div>
    </Page>
  );
}
