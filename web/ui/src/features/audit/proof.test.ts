import { webcrypto } from 'node:crypto';
import { beforeAll, expect, test, vi } from 'vitest';
import { checkEntry, verdictOf, type ProvenEntry } from './proof';
import { BODIES, ZERO, sealedLog } from '@/shared/proof/sealed-log.test.fixture';

beforeAll(() => {
  vi.stubGlobal('crypto', webcrypto);
});

async function entryAt(sequence: number): Promise<ProvenEntry> {
  const { body, body_base64, hash, proof, checkpoint, signer } = await sealedLog(sequence);
  return {
    sequence,
    id: `id-${sequence}`,
    action: 'run:received',
    before: null,
    after: { status: 'received' },
    metadata: {},
    actor: { id: 'a', type: 'person', name: null },
    resource: { id: 'r', type: 'run' },
    occurred_at: '2026-01-01T00:00:00Z',
    sealed_at: '2026-01-01T00:00:00Z',
    body,
    body_base64,
    has_personal: false,
    previous_hash: ZERO,
    hash,
    proof_problem: null,
    proof: {
      ...proof,
      tree_size: checkpoint.size,
      root: checkpoint.root,
      checkpoint: {
        ...checkpoint,
        id: 1,
        chain_hash: ZERO,
        time: '2026-01-01T00:00:00Z',
        rewinds: 0,
      },
    },
    signer,
  };
}

test('an entry that is as it was sealed is verified', async () => {
  const checks = await checkEntry(await entryAt(5));
  expect(checks.filter((each) => each.outcome !== 'holds')).toEqual([]);
  expect(verdictOf(checks)).toBe('holds');
});

test('an entry no checkpoint covers yet is not called verified', async () => {
  const entry = await entryAt(2);
  expect(verdictOf(await checkEntry({ ...entry, proof: null }))).toBe('unchecked');
  expect(verdictOf(await checkEntry({ ...entry, signer: null }))).toBe('unchecked');
});

type Change = (entry: ProvenEntry) => ProvenEntry;
const proofed =
  (change: Partial<NonNullable<ProvenEntry['proof']>>): Change =>
  (entry) => ({ ...entry, proof: entry.proof && { ...entry.proof, ...change } });
const noted =
  (from: string, to: string): Change =>
  (entry) => ({
    ...entry,
    proof: entry.proof && {
      ...entry.proof,
      checkpoint: {
        ...entry.proof.checkpoint,
        note: entry.proof.checkpoint.note.replace(from, to),
      },
    },
  });

const FORGERIES: Record<string, Change> = {
  'what is shown': (entry) => ({ ...entry, after: { status: 'denied' } }),
  'who did it': (entry) => ({ ...entry, actor: { id: 'b', type: 'person', name: null } }),
  'what it was about': (entry) => ({ ...entry, resource: { id: 's', type: 'run' } }),
  'the metadata shown': (entry) => ({ ...entry, metadata: { more: 1 } }),
  'the action shown': (entry) => ({ ...entry, action: 'run:denied' }),
  'the text shown': (entry) => ({ ...entry, body: entry.body.replace('received', 'denied') }),
  'the bytes': (entry) => ({ ...entry, body_base64: btoa(BODIES[0] ?? '') }),
  'the bytes, to no JSON': (entry) => ({ ...entry, body_base64: btoa('x'), body: 'x' }),
  'the hash': (entry) => ({ ...entry, hash: ZERO }),
  'the hash before': (entry) => ({ ...entry, previous_hash: 'ff'.repeat(32) }),
  'the leaf': proofed({ leaf_hash: ZERO }),
  'whose path it is': proofed({ index: 3 }),
  'the path': proofed({ path: [ZERO, ZERO, ZERO] }),
  'the path, to none': proofed({ path: [] }),
  'the root': proofed({ root: ZERO }),
  'the size': proofed({ tree_size: 8 }),
  'the note’s size': noted('\n7\n', '\n8\n'),
  'the note’s tenant': noted('awgp/t', 'awgp/u'),
  'who signed': noted('— signer', '— another'),
  'the fingerprint': (entry) => ({
    ...entry,
    signer: entry.signer && { ...entry.signer, fingerprint: `sha256:${ZERO}` },
  }),
  'what the server itself found': (entry) => ({ ...entry, proof_problem: 'it was altered' }),
};

test.each(Object.entries(FORGERIES))('who changes %s is found out', async (_, forge) => {
  expect(verdictOf(await checkEntry(forge(await entryAt(5))))).toBe('fails');
});
