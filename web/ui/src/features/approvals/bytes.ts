/** Bytes as the API writes them, and what a person can read of them. */

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
}

export async function sha256Hex(...parts: Uint8Array[]): Promise<string> {
  const whole = new Uint8Array(parts.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
  return Array.from(hash, (each) => each.toString(16).padStart(2, '0')).join('');
}

/** The text in UTF-8 bytes; undefined where they are none. */
export function textIn(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const ROW = 16;
const ROWS_AT_MOST = 4_096;

/** Address, hex, and what is printable, as `xxd` writes it. */
export function hexDump(bytes: Uint8Array): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length && rows.length < ROWS_AT_MOST; at += ROW) {
    const row = [...bytes.subarray(at, at + ROW)];
    const hex = row.map((each) => each.toString(16).padStart(2, '0')).join(' ');
    const text = row.map((each) => (each > 31 && each < 127 ? String.fromCharCode(each) : '.'));
    rows.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(ROW * 3 - 1)}  ${text.join('')}`);
  }
  return rows.join('\n');
}

export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}
