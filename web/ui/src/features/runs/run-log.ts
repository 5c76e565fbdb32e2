import { useQuery, useQueryClient, type QueryKey } from '@tanstack/react-query';
import { useRef } from 'react';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { useFollowRun, useLiveEvents } from '@/shared/live/live';
import { compact } from '@/shared/search/params';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/runs/{run_id}/log, from a line on: what is new is added to what is there. */

type Page = components['schemas']['RunLogView'];
export type LogLine = components['schemas']['RunLogLineView'];

export interface Log {
  executionId: string | null;
  lines: readonly LogLine[];
  ended: boolean;
  /** The agent wrote more than was kept. */
  truncated: boolean;
  /** More is kept than is shown here. */
  cut: boolean;
}

export const LINES_AT_MOST = 10_000;

type Ask = (after: number | undefined) => Promise<Page>;

/**
 * Go on where `known` ended. Once an execution has ended what is kept is the whole, with lines
 * that were too long or too many to be told live: it is read from the beginning then.
 */
export async function readOn(ask: Ask, known: Log | undefined): Promise<Log> {
  if (known?.ended === true) return known;
  const first = await ask(known?.lines.at(-1)?.sequence);
  if (known !== undefined && known.lines.length > 0) {
    const same = first.execution_id === known.executionId;
    if (first.ended || !same) return readOn(ask, undefined);
  }
  const lines = [...(known?.lines ?? []), ...first.lines];
  let page = first;
  while (page.after !== null && page.lines.length > 0 && lines.length < LINES_AT_MOST) {
    page = await ask(page.after);
    lines.push(...page.lines);
  }
  return {
    executionId: page.execution_id,
    lines,
    ended: page.ended && page.after === null,
    truncated: page.truncated,
    cut: page.after !== null && lines.length >= LINES_AT_MOST,
  };
}

export function useRunLog(run: string, execution: string | undefined) {
  const tenant = useTenant();
  const client = useQueryClient();
  const queryKey: QueryKey = [...tenantKey(tenant), 'run-log', run, execution ?? 'newest'];
  const reading = useRef({ now: false, again: false });
  // One answer is waited for before the next is asked for: lines may come faster than answers, and
  // each of them would put the answer off once more.
  const readAgain = async (): Promise<void> => {
    const state = reading.current;
    state.again = state.now;
    if (state.now) return;
    state.now = true;
    do {
      state.again = client.isFetching({ queryKey, exact: true }) > 0;
      await client.invalidateQueries({ queryKey }, { cancelRefetch: false });
    } while (state.again);
    state.now = false;
  };
  useFollowRun(run);
  useLiveEvents((event) => {
    if (event.kind === 'reset' || event.run_id === run) void readAgain();
  });
  return useQuery({
    queryKey,
    queryFn: ({ signal }) => {
      const ask: Ask = (after) =>
        read(
          apiOf(tenant).GET('/v1/runs/{run_id}/log', {
            params: { path: { run_id: run }, query: compact({ execution, after }) },
            signal,
          }),
        );
      // The newest one may be another by now: a log that ended is asked for anew.
      const known = client.getQueryData<Log>(queryKey);
      return readOn(ask, known?.ended === true ? undefined : known);
    },
  });
}
