import type { components } from '@/shared/api/schema';

/**
 * Checks, in this browser and from the bytes alone, that an entry is what was sealed and signed:
 *
 * 1. what is shown is what the sealed bytes say;
 * 2. the entry's hash is SHA-256 of `awgp.audit.v1`, a zero byte, the hash before, and the bytes;
 * 3. its leaf hash, and the path from it, lead to the root (RFC 6962, checked as RFC 9162 2.1.3.2);
 * 4. that root and size are those of the signed note;
 * 5. the note's Ed25519 signature holds for the signer's key, and the fingerprint is that key's.
 *
 * Whose key it is, no page can say that comes from the system to be checked: compare the
 * fingerprint with one got another way.
 */

export type ProvenEntry = components['schemas']['ProvenEntry'];
type Proof = components['schemas']['ProofView'];

export type Outcome = 'holds' | 'fails' | 'unchecked';

export interface Check {
  what: string;
  outcome: Outcome;
  detail?: string;
}

type Bytes = Uint8Array<ArrayBuffer>;

const CHAIN_PREFIX = new TextEncoder().encode('awgp.audit.v1\0');
const LEAF_PREFIX = Uint8Array.of(0);
const NODE_PREFIX = Uint8Array.of(1);
const ED25519_TYPE = 1;
const KEY_ID_BYTES = 4;

export async function checkEntry(entry: ProvenEntry): Promise<readonly Check[]> {
  const body = fromBase64(entry.body_base64);
  const checks = [saysWhatIsShown(entry, body), await chains(entry, body)];
  if (entry.proof_problem !== null) {
    return [...checks, check('The log leads to what was signed', 'fails', entry.proof_problem)];
  }
  if (entry.proof === null) {
    const detail = 'No checkpoint covers the entry yet. The next one is signed within a minute.';
    return [...checks, check('A signed checkpoint covers the entry', 'unchecked', detail)];
  }
  const included = await isIncluded(entry.sequence, entry.proof, body);
  return [...checks, included, noteSays(entry.proof), ...(await isSigned(entry))];
}

export function verdictOf(checks: readonly Check[]): Outcome {
  if (checks.some((each) => each.outcome === 'fails')) return 'fails';
  return checks.every((each) => each.outcome === 'holds') ? 'holds' : 'unchecked';
}

function check(what: string, outcome: Outcome | boolean, detail?: string): Check {
  const told = typeof outcome === 'boolean' ? (outcome ? 'holds' : 'fails') : outcome;
  return { what, outcome: told, ...(detail === undefined ? {} : { detail }) };
}

function saysWhatIsShown(entry: ProvenEntry, body: Bytes): Check {
  const what = 'What is shown is what the sealed bytes say';
  const text = new TextDecoder().decode(body);
  let sealed: unknown;
  try {
    sealed = JSON.parse(text);
  } catch {
    return check(what, false, 'The bytes are no JSON.');
  }
  if (text !== entry.body) return check(what, false, 'The text differs from the bytes.');
  const shown: Record<string, unknown> = {
    sequence: String(entry.sequence),
    id: entry.id,
    action: entry.action,
    actor: { id: entry.actor.id, type: entry.actor.type },
    resource: { id: entry.resource.id, type: entry.resource.type },
    metadata: entry.metadata,
    before: entry.before,
    after: entry.after,
  };
  const record = typeof sealed === 'object' && sealed !== null ? sealed : {};
  const wrong = Object.keys(shown).filter(
    (name) => !same(shown[name], (record as Record<string, unknown>)[name]),
  );
  return check(
    what,
    wrong.length === 0,
    wrong.length === 0 ? undefined : `Not so: ${wrong.join(', ')}.`,
  );
}

/** As JSON, whatever the order of names. */
function same(one: unknown, other: unknown): boolean {
  return canonical(one ?? null) === canonical(other ?? null);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

async function chains(entry: ProvenEntry, body: Bytes): Promise<Check> {
  const hash = await sha256(CHAIN_PREFIX, fromHex(entry.previous_hash), body);
  return check('Its hash follows from the entry before and its bytes', toHex(hash) === entry.hash);
}

async function isIncluded(sequence: number, proof: Proof, body: Bytes): Promise<Check> {
  const what = 'The path from it leads to the signed root (RFC 6962)';
  const leaf = await sha256(LEAF_PREFIX, body);
  if (toHex(leaf) !== proof.leaf_hash) return check(what, false, 'Its leaf hash is another.');
  if (proof.index !== sequence - 1) return check(what, false, 'It is the path of another entry.');
  const root = await rootFrom(leaf, proof.index, proof.tree_size, proof.path.map(fromHex));
  return check(what, root !== undefined && toHex(root) === proof.root);
}

/** The root an inclusion path leads to; undefined for a path of the wrong length. */
export async function rootFrom(
  leaf: Bytes,
  index: number,
  size: number,
  path: readonly Bytes[],
): Promise<Bytes | undefined> {
  if (index < 0 || index >= size) return undefined;
  let [node, last, hash] = [BigInt(index), BigInt(size - 1), leaf];
  for (const sibling of path) {
    if (last === 0n) return undefined;
    if ((node & 1n) === 1n || node === last) {
      hash = await sha256(NODE_PREFIX, sibling, hash);
      while ((node & 1n) === 0n && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
    } else {
      hash = await sha256(NODE_PREFIX, hash, sibling);
    }
    [node, last] = [node >> 1n, last >> 1n];
  }
  return last === 0n ? hash : undefined;
}

function noteSays(proof: Proof): Check {
  const lines = proof.checkpoint.note.split('\n');
  const root = lines[2] === undefined ? '' : toHex(fromBase64(lines[2]));
  const fits = root === proof.root && lines[1] === String(proof.tree_size);
  return check('That root and size are those of the signed note', fits);
}

async function isSigned({ proof, signer }: ProvenEntry): Promise<Check[]> {
  const what = 'The note is signed by the key of that fingerprint';
  if (signer === null || proof === null) {
    return [check(what, 'unchecked', 'This control plane knows no signer: verify an export.')];
  }
  const key = fromBase64(signer.public_key);
  if (`sha256:${toHex(await sha256(key))}` !== signer.fingerprint) {
    return [check(what, false, 'The fingerprint is another key’s.')];
  }
  const signature = await signatureOf(proof.checkpoint.note, signer.key_name, key);
  if (signature === undefined) return [check(what, false, 'No line of the note is of this key.')];
  const text = new TextEncoder().encode(textOf(proof.checkpoint.note));
  try {
    const imported = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify']);
    return [check(what, await crypto.subtle.verify('Ed25519', imported, signature, text))];
  } catch {
    return [check(what, 'unchecked', 'This browser knows no Ed25519. A newer one does.')];
  }
}

function textOf(note: string): string {
  return note.slice(0, note.indexOf('\n\n') + 1);
}

/** The signature on the line of this key: key name, then base64 of key id and signature. */
async function signatureOf(note: string, name: string, key: Bytes): Promise<Bytes | undefined> {
  const named = new TextEncoder().encode(`${name}\n`);
  const id = toHex((await sha256(named, Uint8Array.of(ED25519_TYPE), key)).slice(0, KEY_ID_BYTES));
  for (const line of note.slice(note.indexOf('\n\n') + 2).split('\n')) {
    const [dash, signer, encoded] = line.split(' ');
    if (dash !== '—' || signer !== name || encoded === undefined) continue;
    const bytes = fromBase64(encoded);
    if (toHex(bytes.slice(0, KEY_ID_BYTES)) === id) return bytes.slice(KEY_ID_BYTES);
  }
  return undefined;
}

export async function sha256(...parts: readonly Bytes[]): Promise<Bytes> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all));
}

export function toHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function fromHex(hex: string): Bytes {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function fromBase64(text: string): Bytes {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}
