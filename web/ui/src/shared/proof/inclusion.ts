import { fromHex, sha256, toHex } from './bytes';

/**
 * Whether an entry is in a signed log, worked out here with the browser's own SHA-256: RFC 6962
 * hashes, checked as RFC 9162, 2.1.3.2 says. Nothing of the server's word is taken for it.
 */

export interface Inclusion {
  /** Counted from 0. */
  index: number;
  size: number;
  /** Hex. */
  leafHash: string;
  path: readonly string[];
  root: string;
}

/** SHA-256 of a zero byte and the body. */
export async function leafHashOf(body: Uint8Array): Promise<string> {
  return toHex(await sha256(new Uint8Array([0]), body));
}

/** Undefined where the entry is in the log; otherwise what does not hold. */
export async function refuteInclusion(given: Inclusion): Promise<string | undefined> {
  const { size, path, root } = given;
  if (given.index < 0 || given.index >= size) return 'the log is shorter than that';
  let at = BigInt(given.index);
  let last = BigInt(size) - 1n;
  let found = fromHex(given.leafHash);
  for (const step of path) {
    if (last === 0n) return 'the proof is too long';
    const sibling = fromHex(step);
    if ((at & 1n) === 1n || at === last) {
      found = await sha256(NODE, sibling, found);
      while (at !== 0n && (at & 1n) === 0n) {
        at >>= 1n;
        last >>= 1n;
      }
    } else {
      found = await sha256(NODE, found, sibling);
    }
    at >>= 1n;
    last >>= 1n;
  }
  if (last !== 0n) return 'the proof is too short';
  return toHex(found) === root ? undefined : 'it does not lead to the signed root';
}

/** Undefined where these bytes are the entry proven; otherwise what does not hold. */
export async function refuteEntry(body: Uint8Array, given: Inclusion): Promise<string | undefined> {
  if ((await leafHashOf(body)) !== given.leafHash) return 'its bytes have another leaf hash';
  return refuteInclusion(given);
}

const NODE = new Uint8Array([1]);
