import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';
import { parseSourcesSearch } from '@/features/sources/search';

export const sourcesRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'sources',
    validateSearch: parseSourcesSearch,
    component: lazyRouteComponent(() => import('@/features/sources/SourcesPage'), 'SourcesPage'),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'sources/$source',
    component: lazyRouteComponent(() => import('@/features/sources/SourcePage'), 'SourcePage'),
  }),
] as const;
