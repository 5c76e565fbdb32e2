import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';
import { parseAssistantSearch, parseAssistantsSearch } from '@/features/assistants/search';

export const assistantsRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'assistants',
    validateSearch: parseAssistantsSearch,
    component: lazyRouteComponent(
      () => import('@/features/assistants/AssistantsPage'),
      'AssistantsPage',
    ),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'assistants/$assistant',
    validateSearch: parseAssistantSearch,
    component: lazyRouteComponent(
      () => import('@/features/assistants/AssistantPage'),
      'AssistantPage',
    ),
  }),
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'assistants/$assistant/allowed',
    component: lazyRouteComponent(
      () => import('@/features/assistants/AllowancePage'),
      'AllowancePage',
    ),
  }),
] as const;
