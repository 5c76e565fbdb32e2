import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';

export const tenantsRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'tenants',
    component: lazyRouteComponent(() => import('@/features/tenants/TenantsPage'), 'TenantsPage'),
  }),
] as const;
