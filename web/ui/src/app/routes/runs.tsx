import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';
import { parseRunsSearch } from '@/features/runs/search';

export const runsRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'runs',
    validateSearch: parseRunsSearch,
    component: lazyRouteComponent(() => import('@/features/runs/RunsPage'), 'RunsPage'),
  }),
] as const;
