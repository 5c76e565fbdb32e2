import { fromBase64, sha256, toHex, type Bytes } from './bytes';
import type { components } from '@/shared/api/schema';

/**
 * A checkpoint's signed note (C2SP): origin, size, root, an empty line, signatures. Whether it says
 * what is shown, and whether its Ed25519 signature holds, is found out here; whose key it is, no
 * page can say that comes from the system to be checked: compare the fingerprint.
 */

export type Signer = components['schemas']['SignerView'];

/** `why` says what does not hold, or what it takes to check it. */
export type Signature =
  { outcome: 'holds' } | { outcome: 'fails' | 'unchecked'; why?: string | undefined };

const ED25519_TYPE = 1;
const KEY_ID_BYTES = 4;

/** Whether the part that is signed says this size and this root. */
export function noteSays(note: string, size: number, root: string): boolean {
  const [, notedSize, notedRoot] = note.split('\n');
  return notedSize === String(size) && toHex(fromBase64(notedRoot ?? '')) === root;
}

export async function checkSignature(note: string, signer: Signer | null): Promise<Signature> {
  if (signer === null) {
    return unchecked('This control plane knows no signer: verify an export.');
  }
  const key = fromBase64(signer.public_key);
  if (`sha256:${toHex(await sha256(key))}` !== signer.fingerprint) {
    return { outcome: 'fails', why: 'The fingerprint is another key’s.' };
  }
  const signature = await signatureOf(note, signer.key_name, key);
  if (signature === undefined) {
    return { outcome: 'fails', why: 'No line of the note is of this key.' };
  }
  try {
    const imported = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify']);
    const holds = await crypto.subtle.verify('Ed25519', imported, signature, signedPart(note));
    return { outcome: holds ? 'holds' : 'fails' };
  } catch {
    return unchecked('This browser knows no Ed25519. A newer one does.');
  }
}

function unchecked(why: string): Signature {
  return { outcome: 'unchecked', why };
}

function signedPart(note: string): Bytes {
  return new TextEncoder().encode(note.slice(0, note.indexOf('\n\n') + 1));
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
