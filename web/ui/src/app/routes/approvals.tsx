import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { rootRoute, tenantRoute } from './frame';
import { keepLink } from '@/features/approvals/draft';
import { parseApprovalSearch } from '@/features/approvals/search';
import { compact, textParam, type RawSearch } from '@/shared/search/params';
import { lastTenant } from '@/shared/session/tenant';

export const approvalsRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'approvals/$approval',
    validateSearch: parseApprovalSearch,
    component: lazyRouteComponent(
      () => import('@/features/approvals/ApprovalPage'),
      'ApprovalPage',
    ),
  }),
] as const;

/** Where a decision link ends: `/approvals/<id>?tenant=acme#link=<token>`. It decides nothing. */
export const linkRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/approvals/$approval',
  validateSearch: (raw: RawSearch) => compact({ tenant: textParam(raw, 'tenant') }),
  beforeLoad: ({ params, search, location }) => {
    // Kept before anybody is sent to sign in: the way back has no fragment.
    keepLink(params.approval, location.hash);
    const tenant = search.tenant ?? lastTenant();
    if (tenant === undefined) throw redirect({ to: '/', replace: true });
    throw redirect({
      to: '/t/$tenant/approvals/$approval',
      params: { tenant, approval: params.approval },
      replace: true,
    });
  },
});
