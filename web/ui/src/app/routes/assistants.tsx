import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { tenantRoute } from './frame';

export const assistantsRoutes = [
  createRoute({
    getParentRoute: () => tenantRoute,
    path: 'assistants',
    component: lazyRouteComponent(
      () => import('@/features/assistants/AssistantsPage'),
      'AssistantsPage',
    ),
  }),
] as const;
