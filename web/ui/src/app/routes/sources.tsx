import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';

export const sourcesRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'sources',
    component: lazyRouteComponent(() => import('@/features/sources/SourcesPage'), 'SourcesPage'),
  }),
] as const;
