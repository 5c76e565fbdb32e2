import { getRouteApi } from '@tanstack/react-router';
import { rolesIn, useMe, type Role } from './me';
import { queryClient } from '@/shared/api/query-client';

/**
 * The tenant is part of the address, `/t/<slug>/…`, and of every request and query key. When it
 * changes, everything fetched for the one before is dropped; live events follow the address too.
 */

const LAST = 'awgp.tenant';

let entered: string | undefined;

/** Called by the router before a page of a tenant is loaded. */
export function enterTenant(tenant: string): void {
  if (entered !== undefined && entered !== tenant) forgetTenants();
  entered = tenant;
  try {
    localStorage.setItem(LAST, tenant);
  } catch {
    // Storage is off: the next visit begins at the first tenant.
  }
}

function forgetTenants(): void {
  const ofTenants = {
    predicate: (query: { queryKey: readonly unknown[] }) => query.queryKey[0] !== 'me',
  };
  void queryClient.cancelQueries(ofTenants);
  queryClient.removeQueries(ofTenants);
  queryClient.getMutationCache().clear();
}

export function lastTenant(): string | undefined {
  try {
    return localStorage.getItem(LAST) ?? undefined;
  } catch {
    return undefined;
  }
}

const route = getRouteApi('/t/$tenant');

/** The slug of the tenant whose page this is. */
export function useTenant(): string {
  return route.useParams().tenant;
}

/** Whether the signed-in person has one of these roles here. The server decides; this only shows. */
export function useHasRole(...wanted: Role[]): boolean {
  const roles = rolesIn(useMe(), useTenant());
  return wanted.some((role) => roles.includes(role));
}
