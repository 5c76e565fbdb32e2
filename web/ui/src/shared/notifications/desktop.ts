import { useSyncExternalStore } from 'react';

/** Whether this browser tells of approvals on the desktop: the person's wish and the browser's. */

export type NotificationState = 'on' | 'off' | 'refused' | 'unavailable';

const KEY = 'awgp.notifications';
const listeners = new Set<() => void>();

export function notificationState(): NotificationState {
  if (!('Notification' in globalThis)) return 'unavailable';
  if (Notification.permission === 'denied') return 'refused';
  const wished = localStorage.getItem(KEY) === 'on';
  return wished && Notification.permission === 'granted' ? 'on' : 'off';
}

export async function setNotifications(on: boolean): Promise<void> {
  if (on && Notification.permission === 'default') await Notification.requestPermission();
  localStorage.setItem(KEY, on ? 'on' : 'off');
  for (const listener of listeners) listener();
}

export function useNotificationState(): NotificationState {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, notificationState);
}
