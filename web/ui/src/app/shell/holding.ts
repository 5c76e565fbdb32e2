import { useMe } from '@/shared/session/me';

/** Whether this person looks into every tenant. */
export function useIsHolding(): boolean {
  return useMe().holding;
}
