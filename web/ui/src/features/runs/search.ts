import { RUN_STATUSES, type RunStatus } from '@/shared/components/status-badge';
import { choiceParam, compact, textParam, type RawSearch } from '@/shared/search/params';

/** What the address of the list says: `/t/acme/runs?status=failed,held&assistant=invoices`. */
export interface RunsSearch {
  /** Several, with commas. */
  status?: string;
  assistant?: string;
  /** A source's id. */
  source?: string;
  /** Moments, ISO 8601. */
  since?: string;
  until?: string;
  /** How the run's id begins. */
  id?: string;
  dead?: 'yes';
}

export function parseRunsSearch(raw: RawSearch): RunsSearch {
  return compact({
    status: joined(statusesIn(listed(raw['status']))),
    assistant: matching(textParam(raw, 'assistant'), /^[a-z0-9-]{1,64}$/),
    source: matching(textParam(raw, 'source'), /^[0-9a-f-]{36}$/),
    since: momentIn(raw, 'since'),
    until: momentIn(raw, 'until'),
    id: matching(textParam(raw, 'id')?.trim().toLowerCase(), /^[0-9a-f-]{1,36}$/),
    dead: choiceParam(raw, 'dead', ['yes'] as const),
  });
}

/** The statuses an address names, in the order of a run's life. */
export function statusesIn(list: string | undefined): RunStatus[] {
  const named = (list ?? '').split(',');
  return RUN_STATUSES.filter((each) => named.includes(each));
}

export function joined(statuses: readonly RunStatus[]): string | undefined {
  return statuses.length === 0 ? undefined : statuses.join(',');
}

function listed(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.map(String).join(',');
  return typeof value === 'string' ? value : undefined;
}

function matching(value: string | undefined, pattern: RegExp): string | undefined {
  return value !== undefined && pattern.test(value) ? value : undefined;
}

function momentIn(raw: RawSearch, name: string): string | undefined {
  const moment = new Date(textParam(raw, name) ?? '');
  return Number.isNaN(moment.getTime()) ? undefined : moment.toISOString();
}

export const RUN_TABS = [
  'log',
  'result',
  'request',
  'policy',
  'approvals',
  'executions',
  'deliveries',
  'audit',
] as const;
export type RunTab = (typeof RUN_TABS)[number];

/** `/t/acme/runs/<id>?tab=audit`. */
export interface RunSearch {
  tab?: RunTab;
  /** An execution's id, where its log is not the newest one's. */
  execution?: string;
}

export function parseRunSearch(raw: RawSearch): RunSearch {
  return compact({
    tab: choiceParam(raw, 'tab', RUN_TABS),
    execution: matching(textParam(raw, 'execution'), /^[0-9a-f-]{36}$/),
  });
}
