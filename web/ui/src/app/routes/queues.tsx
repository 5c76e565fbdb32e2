import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';

export const queuesRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'queues',
    component: lazyRouteComponent(() => import('@/features/queues/QueuesPage'), 'QueuesPage'),
  }),
] as const;
