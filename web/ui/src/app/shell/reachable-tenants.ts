import { useMe } from '@/shared/session/me';
import { useTenants } from '@/shared/tenants/tenants';

/** Where one may go: one's own tenants; for the holding's people every open one. */
export function useReachableTenants(): readonly string[] {
  const { holding, tenants } = useMe();
  const all = useTenants(holding);
  const own = tenants.map((each) => each.tenant);
  if (!holding) return own;
  const open = (all.data?.pages ?? [])
    .flatMap((page) => page.items)
    .filter((each) => each.closed_at === null)
    .map((each) => each.tenant);
  return [...new Set([...open, ...own])];
}
