import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';
import { parseDeadLettersSearch, parseQueuesSearch } from '@/features/queues/search';

export const queuesRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'queues',
    validateSearch: parseQueuesSearch,
    component: lazyRouteComponent(() => import('@/features/queues/QueuesPage'), 'QueuesPage'),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'queues/dead-letters',
    validateSearch: parseDeadLettersSearch,
    component: lazyRouteComponent(
      () => import('@/features/queues/DeadLettersPage'),
      'DeadLettersPage',
    ),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'queues/dead-letters/$letter',
    component: lazyRouteComponent(
      () => import('@/features/queues/DeadLetterPage'),
      'DeadLetterPage',
    ),
  }),
] as const;
