import type { components } from '@/shared/api/schema';
import { fromBase64, fromHex, sha256, toHex, type Bytes } from '@/shared/proof/bytes';
import { refuteEntry } from '@/shared/proof/inclusion';
import { checkSignature, noteSays } from '@/shared/proof/note';
import { unlike } from '@/shared/proof/shown';

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

const CHAIN_PREFIX = new TextEncoder().encode('awgp.audit.v1\0');

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
  return [...checks, included, headFits(entry.proof), await isSigned(entry.proof, entry.signer)];
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
  if (new TextDecoder().decode(body) !== entry.body) {
    return check(what, false, 'The text differs from the bytes.');
  }
  const wrong = unlike(body, {
    sequence: String(entry.sequence),
    id: entry.id,
    action: entry.action,
    actor: { id: entry.actor.id, type: entry.actor.type },
    resource: { id: entry.resource.id, type: entry.resource.type },
    metadata: entry.metadata,
    before: entry.before,
    after: entry.after,
  });
  const why = wrong.length === 0 ? undefined : `Not so: ${wrong.join(', ')}.`;
  return check(what, wrong.length === 0, why);
}

async function chains(entry: ProvenEntry, body: Bytes): Promise<Check> {
  const hash = await sha256(CHAIN_PREFIX, fromHex(entry.previous_hash), body);
  return check('Its hash follows from the entry before and its bytes', toHex(hash) === entry.hash);
}

async function isIncluded(sequence: number, proof: Proof, body: Bytes): Promise<Check> {
  const what = 'The path from it leads to the signed root (RFC 6962)';
  if (proof.index !== sequence - 1) return check(what, false, 'It is the path of another entry.');
  const why = await refuteEntry(body, {
    index: proof.index,
    size: proof.tree_size,
    leafHash: proof.leaf_hash,
    path: proof.path,
    root: proof.root,
  });
  return check(what, why === undefined, why === undefined ? undefined : `Not so: ${why}.`);
}

function headFits({ checkpoint, root, tree_size: size }: Proof): Check {
  const what = 'That root and size are those of the signed note';
  return check(what, noteSays(checkpoint.note, size, root));
}

async function isSigned({ checkpoint }: Proof, signer: ProvenEntry['signer']): Promise<Check> {
  const found = await checkSignature(checkpoint.note, signer);
  const why = found.outcome === 'holds' ? undefined : found.why;
  return check('The note is signed by the key of that fingerprint', found.outcome, why);
}
