import { webcrypto } from 'node:crypto';
import { beforeAll, expect, test, vi } from 'vitest';
import { checkEntry, rootFrom, sha256, toHex, verdictOf, type ProvenEntry } from './proof';

/** A log of entries made here, with the plain recursive tree of RFC 6962 as the other opinion. */

type Bytes = Uint8Array<ArrayBuffer>;
const text = new TextEncoder();
const ZERO = '00'.repeat(32);

beforeAll(() => {
  vi.stubGlobal('crypto', webcrypto);
});

function bytesOf(value: string): Bytes {
  return Uint8Array.from(text.encode(value));
}

async function rootOf(leaves: readonly Bytes[]): Promise<Bytes> {
  const [only] = leaves;
  if (leaves.length === 1 && only !== undefined) return only;
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return sha256(Uint8Array.of(1), await rootOf(left), await rootOf(right));
}

async function pathOf(leaves: readonly Bytes[], at: number): Promise<Bytes[]> {
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return at < split
    ? [...(await pathOf(left, at)), await rootOf(right)]
    : [...(await pathOf(right, at - split)), await rootOf(left)];
}

function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

function base64(bytes: Bytes): string {
  return btoa(String.fromCharCode(...bytes));
}

async function leavesOf(bodies: readonly string[]): Promise<Bytes[]> {
  return Promise.all(bodies.map((body) => sha256(Uint8Array.of(0), bytesOf(body))));
}

const BODIES = Array.from({ length: 7 }, (_, at) =>
  JSON.stringify({
    action: 'run:received',
    actor: { id: 'a', type: 'person' },
    after: { status: 'received' },
    before: null,
    id: `id-${at + 1}`,
    metadata: {},
    resource: { id: 'r', type: 'run' },
    sequence: String(at + 1),
  }),
);

async function entryAt(sequence: number): Promise<ProvenEntry> {
  const body = BODIES[sequence - 1] ?? '';
  const leaves = await leavesOf(BODIES);
  const root = await rootOf(leaves);
  const pair = (await webcrypto.subtle.generateKey('Ed25519', true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair;
  const key = new Uint8Array(await webcrypto.subtle.exportKey('raw', pair.publicKey));
  const note = await signed(pair.privateKey, key, `awgp/t\n${BODIES.length}\n${base64(root)}\n`);
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
    body_base64: base64(bytesOf(body)),
    has_personal: false,
    previous_hash: ZERO,
    hash: toHex(await sha256(bytesOf('awgp.audit.v1\0'), new Uint8Array(32), bytesOf(body))),
    proof_problem: null,
    proof: {
      index: sequence - 1,
      tree_size: BODIES.length,
      leaf_hash: toHex(leaves[sequence - 1] ?? new Uint8Array()),
      path: (await pathOf(leaves, sequence - 1)).map(toHex),
      root: toHex(root),
      checkpoint: {
        id: 1,
        size: BODIES.length,
        root: toHex(root),
        chain_hash: ZERO,
        time: '2026-01-01T00:00:00Z',
        rewinds: 0,
        note,
      },
    },
    signer: {
      key_name: 'signer',
      public_key: base64(key),
      fingerprint: `sha256:${toHex(await sha256(key))}`,
      warning: '',
    },
  };
}

async function signed(privateKey: CryptoKey, key: Bytes, body: string): Promise<string> {
  const id = (await sha256(bytesOf('signer\n'), Uint8Array.of(1), key)).slice(0, 4);
  const signature = new Uint8Array(
    await webcrypto.subtle.sign('Ed25519', privateKey, bytesOf(body)),
  );
  return `${body}\n— signer ${base64(Uint8Array.of(...id, ...signature))}\n`;
}

test('every entry of a log leads to its root, by the path of its own alone', async () => {
  for (let size = 1; size <= BODIES.length; size += 1) {
    const leaves = await leavesOf(BODIES.slice(0, size));
    const root = toHex(await rootOf(leaves));
    for (const [at, leaf] of leaves.entries()) {
      const path = await pathOf(leaves, at);
      expect(toHex((await rootFrom(leaf, at, size, path)) ?? new Uint8Array())).toBe(root);
      expect(await rootFrom(leaf, at, size, [...path, leaf])).toBeUndefined();
      expect(await rootFrom(leaf, size, size, path)).toBeUndefined();
    }
  }
});

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
