import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';
import { parseTargetsSearch } from '@/features/targets/search';

export const targetsRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'targets',
    validateSearch: parseTargetsSearch,
    component: lazyRouteComponent(() => import('@/features/targets/TargetsPage'), 'TargetsPage'),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'targets/$target',
    component: lazyRouteComponent(() => import('@/features/targets/TargetPage'), 'TargetPage'),
  }),
] as const;
