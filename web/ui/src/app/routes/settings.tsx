import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';
import { parsePersonsSearch } from '@/features/settings/search';

export const settingsRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'settings',
    component: lazyRouteComponent(() => import('@/features/settings/SettingsPage'), 'SettingsPage'),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'settings/tenant',
    component: lazyRouteComponent(() => import('@/features/settings/TenantPage'), 'TenantPage'),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'settings/persons',
    validateSearch: parsePersonsSearch,
    component: lazyRouteComponent(() => import('@/features/settings/PersonsPage'), 'PersonsPage'),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'settings/notices',
    component: lazyRouteComponent(() => import('@/features/settings/NoticesPage'), 'NoticesPage'),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'settings/sandboxes',
    component: lazyRouteComponent(
      () => import('@/features/settings/SandboxesPage'),
      'SandboxesPage',
    ),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'settings/credentials',
    component: lazyRouteComponent(
      () => import('@/features/settings/CredentialsPage'),
      'CredentialsPage',
    ),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'settings/author-keys',
    component: lazyRouteComponent(
      () => import('@/features/settings/AuthorKeysPage'),
      'AuthorKeysPage',
    ),
  }),
] as const;
