import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';

export const policiesRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'policies',
    component: lazyRouteComponent(() => import('@/features/policies/PoliciesPage'), 'PoliciesPage'),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'policies/$version',
    component: lazyRouteComponent(() => import('@/features/policies/PoliciesPage'), 'PoliciesPage'),
  }),
] as const;
