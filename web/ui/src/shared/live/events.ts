import type { QueryClient, QueryKey } from '@tanstack/react-query';
import { tenantKey } from '@/shared/api/query-client';

/** What the server announces: kinds and ids, never data. Sockets notify, queries fetch. */
export interface LiveEvent {
  id?: string;
  kind: string;
  at?: string;
  run_id?: string;
  approval_id?: string;
  execution_id?: string;
  sequence?: number;
  [member: string]: unknown;
}

/** Which queries each kind makes stale, by what follows the tenant in their keys. */
const STALE: Record<string, readonly string[]> = {
  'run.changed': ['runs', 'queues', 'assistants'],
  'approval.changed': ['approvals', 'runs'],
  'delegation.changed': ['delegations', 'approvals'],
  'review.changed': ['approvals'],
  'assistant.changed': ['assistants'],
  'person.changed': ['persons'],
  'visit.changed': ['tenants'],
  'audit.sealed': ['audit', 'runs/trail'],
  telemetry: [], // heard by the page that follows the run
  'queue.changed': ['queues'],
  'policy.changed': ['policies', 'approvals'],
  'source.changed': ['sources'],
  'target.changed': ['targets'],
  'notice.changed': ['notices'],
};

/** Whatever an event may have changed is fetched again where it is on screen. */
export function invalidateFor(client: QueryClient, tenant: string, event: LiveEvent): void {
  for (const key of staleKeys(tenant, event)) void client.invalidateQueries({ queryKey: key });
}

export function staleKeys(tenant: string, event: LiveEvent): QueryKey[] {
  const prefix = tenantKey(tenant);
  if (event.kind === 'reset') return [prefix];
  const ofTenant = (STALE[event.kind] ?? [guess(event.kind)]).map((part) => [
    ...prefix,
    ...part.split('/'),
  ]);
  // A visit changes what one may do here.
  return event.kind === 'visit.changed' ? [...ofTenant, ['me']] : ofTenant;
}

/** Kinds may be added: `export.changed` makes `exports` stale. */
function guess(kind: string): string {
  return `${kind.split('.')[0] ?? kind}s`;
}

export function parseEvent(text: string): LiveEvent | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const named = typeof value === 'object' && value !== null && 'kind' in value;
    return named && typeof value.kind === 'string' ? (value as LiveEvent) : undefined;
  } catch {
    return undefined;
  }
}
