import { createRouter } from '@tanstack/react-router';
import { approvalsRoutes, linkRoute } from './routes/approvals';
import { assistantsRoutes } from './routes/assistants';
import { auditRoutes } from './routes/audit';
import { delegationsRoutes } from './routes/delegations';
import { indexRoute, rootRoute, tenantIndexRoute, tenantRoute } from './routes/frame';
import { inboxRoutes } from './routes/inbox';
import { policiesRoutes } from './routes/policies';
import { queuesRoutes } from './routes/queues';
import { runsRoutes } from './routes/runs';
import { settingsRoutes } from './routes/settings';
import { sourcesRoutes } from './routes/sources';
import { targetsRoutes } from './routes/targets';
import { tenantsRoutes } from './routes/tenants';
import { PageError, PagePending } from './shell/outcomes';

const PENDING_AFTER_MS = 150;

const routeTree = rootRoute.addChildren([
  indexRoute,
  linkRoute,
  tenantRoute.addChildren([
    tenantIndexRoute,
    ...inboxRoutes,
    ...approvalsRoutes,
    ...delegationsRoutes,
    ...runsRoutes,
    ...assistantsRoutes,
    ...policiesRoutes,
    ...sourcesRoutes,
    ...targetsRoutes,
    ...queuesRoutes,
    ...auditRoutes,
    ...tenantsRoutes,
    ...settingsRoutes,
  ]),
]);

export const router = createRouter({
  routeTree,
  // Loading another tenant's page early would enter that tenant.
  defaultPreload: false,
  // What no page understands leaves the address.
  search: { strict: true },
  scrollRestoration: true,
  defaultPendingMs: PENDING_AFTER_MS,
  defaultPendingComponent: PagePending,
  defaultErrorComponent: PageError,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
