import { webcrypto } from 'node:crypto';
import { fromBase64, sha256, toHex, type Bytes } from './bytes';
import type { Signer } from './note';

/** A log of entries made here and signed, with the plain recursive tree of RFC 6962. */

export const ZERO = '00'.repeat(32);
export const BODIES = Array.from({ length: 7 }, (_, at) =>
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

export interface Sealed {
  body: string;
  body_base64: string;
  hash: string;
  proof: { index: number; leaf_hash: string; path: string[] };
  checkpoint: { note: string; size: number; root: string };
  signer: Signer;
}

/** One of its entries, with its way to what a key made for the occasion signed. */
export async function sealedLog(sequence: number): Promise<Sealed> {
  const body = BODIES[sequence - 1] ?? '';
  const leaves = await Promise.all(BODIES.map((each) => sha256(Uint8Array.of(0), bytesOf(each))));
  const root = await rootOf(leaves);
  const { note, signer } = await signed(`awgp/t\n${BODIES.length}\n${base64(root)}\n`);
  return {
    body,
    body_base64: base64(bytesOf(body)),
    hash: toHex(await sha256(bytesOf('awgp.audit.v1\0'), new Uint8Array(32), bytesOf(body))),
    proof: {
      index: sequence - 1,
      leaf_hash: toHex(leaves[sequence - 1] ?? new Uint8Array()),
      path: (await pathOf(leaves, sequence - 1)).map(toHex),
    },
    checkpoint: { note, size: BODIES.length, root: toHex(root) },
    signer,
  };
}

async function signed(text: string): Promise<{ note: string; signer: Signer }> {
  const pair = (await webcrypto.subtle.generateKey('Ed25519', true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair;
  const key = new Uint8Array(await webcrypto.subtle.exportKey('raw', pair.publicKey));
  const id = (await sha256(bytesOf('signer\n'), Uint8Array.of(1), key)).slice(0, 4);
  const signature = await webcrypto.subtle.sign('Ed25519', pair.privateKey, bytesOf(text));
  const line = base64(Uint8Array.of(...id, ...new Uint8Array(signature)));
  return {
    note: `${text}\n— signer ${line}\n`,
    signer: {
      key_name: 'signer',
      public_key: base64(key),
      fingerprint: `sha256:${toHex(await sha256(key))}`,
      warning: '',
    },
  };
}

/** With one bit of its signature the other way round. */
export function withBrokenSignature(note: string): string {
  const [, line = ''] = /— signer (\S+)/.exec(note) ?? [];
  const bytes = fromBase64(line);
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  return note.replace(line, base64(bytes));
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

function bytesOf(value: string): Bytes {
  return Uint8Array.from(new TextEncoder().encode(value));
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
