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
  return hexOf(await sha256(new Uint8Array([0]), body));
}

/** Undefined where the entry is in the log; otherwise what does not hold. */
export async function refuteInclusion(given: Inclusion): Promise<string | undefined> {
  const { size, path, root } = given;
  if (given.index < 0 || given.index >= size) return 'the log is shorter than that';
  let at = BigInt(given.index);
  let last = BigInt(size) - 1n;
  let found = bytesOf(given.leafHash);
  for (const step of path) {
    if (last === 0n) return 'the proof is too long';
    const sibling = bytesOf(step);
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
  return hexOf(found) === root ? undefined : 'it does not lead to the signed root';
}

/** Undefined where these bytes are the entry proven; otherwise what does not hold. */
export async function refuteEntry(body: Uint8Array, given: Inclusion): Promise<string | undefined> {
  if ((await leafHashOf(body)) !== given.leafHash) return 'its bytes have another leaf hash';
  return refuteInclusion(given);
}

const NODE = new Uint8Array([1]);

async function sha256(...parts: Uint8Array[]): Promise<Uint8Array> {
  const whole = new Uint8Array(parts.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (each) => each.toString(16).padStart(2, '0')).join('');
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (each) => Number.parseInt(each, 16));
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
}
