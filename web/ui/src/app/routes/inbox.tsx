import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';
import { parseInboxSearch } from '@/features/approvals/search';

export const inboxRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'inbox',
    validateSearch: parseInboxSearch,
    component: lazyRouteComponent(() => import('@/features/approvals/InboxPage'), 'InboxPage'),
  }),
] as const;
