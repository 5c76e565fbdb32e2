import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';
import { parseAuditSearch } from '@/features/audit/search';

export const auditRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'audit',
    validateSearch: parseAuditSearch,
    component: lazyRouteComponent(() => import('@/features/audit/AuditPage'), 'AuditPage'),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'audit/proof',
    component: lazyRouteComponent(() => import('@/features/audit/ProofPage'), 'ProofPage'),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'audit/exports',
    component: lazyRouteComponent(() => import('@/features/audit/ExportsPage'), 'ExportsPage'),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'audit/$sequence',
    component: lazyRouteComponent(() => import('@/features/audit/EntryPage'), 'EntryPage'),
  }),
] as const;
