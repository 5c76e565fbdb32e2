import { RUN_STATUSES, type RunStatus } from '@/shared/components/status-badge';
import { choiceParam, compact, type RawSearch } from '@/shared/search/params';

/** What the address of the list says: `/t/acme/runs?status=failed`. */
export interface RunsSearch {
  status?: RunStatus;
}

export function parseRunsSearch(raw: RawSearch): RunsSearch {
  return compact({ status: choiceParam(raw, 'status', RUN_STATUSES) });
}
