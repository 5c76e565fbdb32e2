import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';

export const settingsRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'settings',
    component: lazyRouteComponent(() => import('@/features/settings/SettingsPage'), 'SettingsPage'),
  }),
] as const;
