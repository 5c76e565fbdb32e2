import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { router } from './router';
import { queryClient } from '@/shared/api/query-client';
import { Toaster } from '@/shared/components/ui/toast';
import { TooltipProvider } from '@/shared/components/ui/tooltip';

const TOOLTIP_DELAY_MS = 400;

export function App(): ReactElement {
  return (
    <QueryClientProvider client={queryClient}>
      <TooltipProvider delayDuration={TOOLTIP_DELAY_MS}>
        <RouterProvider router={router} />
        <Toaster />
      </TooltipProvider>
    </QueryClientProvider>
  );
}
