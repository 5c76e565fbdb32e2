import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';

export const inboxRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'inbox',
    component: lazyRouteComponent(() => import('@/features/inbox/InboxPage'), 'InboxPage'),
  }),
] as const;
