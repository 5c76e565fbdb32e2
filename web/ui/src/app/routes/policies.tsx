import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';
import {
  parseEditSearch,
  parsePoliciesSearch,
  parseVersionSearch,
} from '@/features/policies/search';

export const policiesRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'policies',
    validateSearch: parsePoliciesSearch,
    component: lazyRouteComponent(() => import('@/features/policies/PoliciesPage'), 'PoliciesPage'),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'policies/edit',
    validateSearch: parseEditSearch,
    component: lazyRouteComponent(() => import('@/features/policies/EditPage'), 'EditPage'),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'policies/$version',
    validateSearch: parseVersionSearch,
    component: lazyRouteComponent(() => import('@/features/policies/PolicyPage'), 'PolicyPage'),
  }),
] as const;
