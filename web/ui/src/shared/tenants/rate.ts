import type { components } from '@/shared/api/schema';

/** How much all senders of a tenant may send together. */
export type Rate = components['schemas']['RateView'];

export function rateText({ per_minute: minute, burst }: Rate): string {
  return `${minute.toLocaleString('en')} a minute, ${burst.toLocaleString('en')} at once`;
}
