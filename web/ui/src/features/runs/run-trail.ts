import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { fromBase64 } from '@/shared/proof/bytes';
import { refuteEntry } from '@/shared/proof/inclusion';
import { checkSignature, noteSays } from '@/shared/proof/note';
import { unlike } from '@/shared/proof/shown';
import { compact } from '@/shared/search/params';
import { useTenant } from '@/shared/session/tenant';

/** GET /v1/runs/{run_id}/audit; each entry is proven here as it comes, by nobody's word. */

type Trail = components['schemas']['TrailView'];
type Entry = components['schemas']['TrailEntryView'];

/**
 * `waiting`: no checkpoint covers it yet. `unchecked`: it could not be found out here, and why.
 * `refuted`: what does not hold.
 */
export type Finding =
  | { kind: 'proved'; size: number }
  | { kind: 'waiting' }
  | { kind: 'unchecked'; why: string }
  | { kind: 'refuted'; why: string };

export type CheckedEntry = Entry & { finding: Finding };
export type CheckedTrail = Omit<Trail, 'items'> & { items: readonly CheckedEntry[] };

const NO_CRYPTOGRAPHY = 'This address is not secure, so the browser lends no cryptography.';

export async function checkTrail(trail: Trail): Promise<CheckedTrail> {
  const head = await checkHead(trail);
  const items = await Promise.all(
    trail.items.map(async (entry) => ({ ...entry, finding: await check(entry, trail, head) })),
  );
  return { ...trail, items };
}

/** What all its entries lead up to: what is shown of it, and its signature. */
async function checkHead({ checkpoint, signer }: Trail): Promise<Finding> {
  if (checkpoint === null) return { kind: 'waiting' };
  if (!isSecureContext) return { kind: 'unchecked', why: NO_CRYPTOGRAPHY };
  if (!noteSays(checkpoint.note, checkpoint.size, checkpoint.root)) {
    return { kind: 'refuted', why: 'the checkpoint is not the one that was signed' };
  }
  const signature = await checkSignature(checkpoint.note, signer);
  switch (signature.outcome) {
    case 'holds':
      return { kind: 'proved', size: checkpoint.size };
    case 'unchecked':
      return { kind: 'unchecked', why: signature.why ?? '' };
    case 'fails':
      return { kind: 'refuted', why: 'the checkpoint’s signature does not hold' };
  }
}

async function check(entry: Entry, { checkpoint }: Trail, head: Finding): Promise<Finding> {
  if (checkpoint === null || entry.proof === null) return { kind: 'waiting' };
  if (!isSecureContext || head.kind === 'refuted') return head;
  if (entry.proof.index !== entry.sequence - 1) {
    return { kind: 'refuted', why: 'it is the path of another entry' };
  }
  const why =
    (await refuteEntry(fromBase64(entry.body_base64), {
      index: entry.proof.index,
      size: checkpoint.size,
      leafHash: entry.proof.leaf_hash,
      path: entry.proof.path,
      root: checkpoint.root,
    })) ?? refuteShown(entry);
  return why === undefined ? head : { kind: 'refuted', why };
}

/** What is shown of the entry must be what its sealed bytes say. */
function refuteShown(entry: Entry): string | undefined {
  const wrong = unlike(fromBase64(entry.body_base64), {
    sequence: String(entry.sequence),
    id: entry.id,
    action: entry.action,
    actor: { id: entry.actor_id, type: entry.actor_type },
    resource: { id: entry.resource_id, type: entry.resource_type },
    metadata: entry.metadata,
    before: entry.before,
    after: entry.after,
  });
  return wrong.length === 0 ? undefined : `what is shown was not sealed so: ${wrong.join(', ')}`;
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
