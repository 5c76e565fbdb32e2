import { MutationCache, QueryClient } from '@tanstack/react-query';
import { ProblemError } from './problem';
import { toast } from '@/shared/components/ui/toast';

const STALE_MS = 15_000;
const TRIES = 2;

declare module '@tanstack/react-query' {
  interface Register {
    mutationMeta: {
      /** The page shows this mutation's errors itself; no toast. */
      showsErrors?: boolean;
    };
  }
}

/** Server data lives here and nowhere else. Every tenant's keys begin with `tenantKey(tenant)`. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: STALE_MS,
      retry: (failures, error) =>
        failures < TRIES && (!(error instanceof ProblemError) || error.status >= 500),
    },
    mutations: { retry: false },
  },
  mutationCache: new MutationCache({
    onError: (error, _variables, _context, mutation) => {
      if (mutation.meta?.showsErrors !== true) {
        toast({ tone: 'bad', title: titleOf(error), detail: error.message });
      }
    },
  }),
});

function titleOf(error: Error): string {
  return error instanceof ProblemError ? error.problem.title : 'That did not work';
}

/** The beginning of the keys of what belongs to a tenant. */
export function tenantKey(tenant: string): readonly ['tenant', string] {
  return ['tenant', tenant];
}
