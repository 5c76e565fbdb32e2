import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';

export const delegationsRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'delegations',
    component: lazyRouteComponent(
      () => import('@/features/delegations/DelegationsPage'),
      'DelegationsPage',
    ),
  }),
] as const;
