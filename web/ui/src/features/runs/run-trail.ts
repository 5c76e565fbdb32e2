import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { fromBase64, hexOf, refuteEntry } from '@/shared/proof/inclusion';
import { compact } from '@/shared/search/params';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/runs/{run_id}/audit; each entry is proven here as it comes, by nobody's word. */

type Trail = components['schemas']['TrailView'];
type Entry = components['schemas']['TrailEntryView'];

/** `waiting`: no checkpoint covers it yet. Otherwise what does not hold. */
export type Finding =
  { kind: 'proved'; size: number } | { kind: 'waiting' } | { kind: 'refuted'; why: string };

export type CheckedEntry = Entry & { finding: Finding };
export type CheckedTrail = Omit<Trail, 'items'> & { items: readonly CheckedEntry[] };

export async function checkTrail(trail: Trail): Promise<CheckedTrail> {
  const items = await Promise.all(
    trail.items.map(async (entry) => ({ ...entry, finding: await check(entry, trail) })),
  );
  return { ...trail, items };
}

async function check(entry: Entry, { checkpoint }: Trail): Promise<Finding> {
  if (checkpoint === null || entry.proof === null) return { kind: 'waiting' };
  const why =
    refuteHead(checkpoint) ??
    (await refuteEntry(fromBase64(entry.body_base64), {
      index: entry.proof.index,
      size: checkpoint.size,
      leafHash: entry.proof.leaf_hash,
      path: entry.proof.path,
      root: checkpoint.root,
    })) ??
    refuteShown(entry);
  return why === undefined ? { kind: 'proved', size: checkpoint.size } : { kind: 'refuted', why };
}

/** What is shown of the head must be what its note, the part that is signed, says. */
function refuteHead(checkpoint: NonNullable<Trail['checkpoint']>): string | undefined {
  const [, size, root] = checkpoint.note.split('\n');
  const noted = root === undefined ? '' : hexOf(fromBase64(root));
  const same = size === String(checkpoint.size) && noted === checkpoint.root;
  return same ? undefined : 'the checkpoint is not the one that was signed';
}

/** What is shown of the entry must be what its sealed bytes say. */
function refuteShown(entry: Entry): string | undefined {
  const said = JSON.parse(new TextDecoder().decode(fromBase64(entry.body_base64))) as Said;
  const same =
    said.sequence === String(entry.sequence) &&
    said.id === entry.id &&
    said.action === entry.action &&
    said.actor?.type === entry.actor_type &&
    said.actor.id === entry.actor_id &&
    said.resource?.type === entry.resource_type &&
    said.resource.id === entry.resource_id;
  return same ? undefined : 'what is shown is not what was sealed';
}

interface Said {
  sequence?: unknown;
  id?: unknown;
  action?: unknown;
  actor?: { type?: unknown; id?: unknown };
  resource?: { type?: unknown; id?: unknown };
}

function trailQuery(tenant: string, run: string) {
  return infiniteQueryOptions({
    queryKey: [...tenantKey(tenant), 'runs', 'trail', run],
    queryFn: async ({ pageParam, signal }) =>
      checkTrail(
        await read(
          apiOf(tenant).GET('/v1/runs/{run_id}/audit', {
            params: { path: { run_id: run }, query: compact({ before: pageParam }) },
            signal,
          }),
        ),
      ),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

export function useRunTrail(run: string) {
  return useInfiniteQuery(trailQuery(useTenant(), run));
}
