import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';
import { parseRunSearch, parseRunsSearch } from '@/features/runs/search';

export const runsRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'runs',
    validateSearch: parseRunsSearch,
    component: lazyRouteComponent(() => import('@/features/runs/RunsPage'), 'RunsPage'),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'runs/$run',
    validateSearch: parseRunSearch,
    component: lazyRouteComponent(() => import('@/features/runs/RunPage'), 'RunPage'),
  }),
] as const;
