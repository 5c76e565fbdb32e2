import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';

export const auditRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'audit',
    component: lazyRouteComponent(() => import('@/features/audit/AuditPage'), 'AuditPage'),
  }),
] as const;
