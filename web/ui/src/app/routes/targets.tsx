import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';

export const targetsRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'targets',
    component: lazyRouteComponent(() => import('@/features/targets/TargetsPage'), 'TargetsPage'),
  }),
] as const;
