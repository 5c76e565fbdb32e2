import { createRootRoute, createRoute, notFound, Outlet, redirect } from '@tanstack/react-router';
import { AppShell } from '../shell/AppShell';
import { NoTenant, NotFoundPage, PageError, PagePending } from '../shell/outcomes';
import { askMe, type Me } from '@/shared/session/me';
import { enterTenant, lastTenant } from '@/shared/session/tenant';
import { knownTenant } from '@/shared/tenants/tenants';

export const rootRoute = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFoundPage,
  errorComponent: PageError,
});

/** `/` leads to the inbox of the tenant one was in last. */
export const indexRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  beforeLoad: async () => {
    const me = await askMe();
    const last = lastTenant();
    const own = me.tenants.find((each) => each.tenant === last) ?? me.tenants[0];
    const tenant = me.holding ? ((await knownTenant(last)) ?? own?.tenant) : own?.tenant;
    if (tenant !== undefined) {
      throw redirect({ to: '/t/$tenant/inbox', params: { tenant }, replace: true });
    }
  },
  component: NoTenant,
  pendingComponent: PagePending,
});

/** Every page of a tenant is below this one. */
export const tenantRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/t/$tenant',
  beforeLoad: async ({ params }) => {
    const me = await askMe();
    if (!mayEnter(me, params.tenant)) throw notFound();
    enterTenant(params.tenant);
  },
  component: AppShell,
  notFoundComponent: NotFoundPage,
});

export const tenantIndexRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: '/',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/t/$tenant/inbox', params, replace: true });
  },
});

/** The server decides; this spares a page of errors. The holding's people enter every tenant. */
function mayEnter(me: Me, tenant: string): boolean {
  return me.holding || me.tenants.some((each) => each.tenant === tenant);
}
