import { useId, type ReactElement } from 'react';
import { SettingRow } from './SettingRow';
import { Card, CardContent, CardHeader, CardTitle } from '@/shared/components/ui/card';
import { Switch } from '@/shared/components/ui/switch';
import {
  setNotifications,
  useNotificationState,
  type NotificationState,
} from '@/shared/notifications/desktop';

const HELP: Record<NotificationState, string> = {
  on: 'This browser tells you when something waits for you.',
  off: 'Let this browser tell you when something waits for you.',
  refused: 'This browser refuses them for this address. Allow them in its settings.',
  unavailable: 'This browser has none, or the address is not secure.',
};

export function NotificationsCard(): ReactElement {
  const id = useId();
  const state = useNotificationState();
  return (
    <Card aria-labelledby="notifications-title">
      <CardHeader>
        <CardTitle id="notifications-title">Notifications</CardTitle>
      </CardHeader>
      <CardContent>
        <SettingRow id={id} label="Desktop notifications" help={HELP[state]}>
          <Switch
            id={id}
            checked={state === 'on'}
            disabled={state === 'refused' || state === 'unavailable'}
            onCheckedChange={(on) => void setNotifications(on)}
          />
        </SettingRow>
      </CardContent>
    </Card>
  );
}
