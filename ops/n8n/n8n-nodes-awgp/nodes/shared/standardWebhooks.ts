/**
 * Standard Webhooks, symmetric (v1): HMAC-SHA-256 over `id.timestamp.body`, the body as received.
 *
 * Comparing is left to WebCrypto's `verify`, which takes the same time whatever differs.
 */

const SECRET_PREFIX = 'whsec_';
const FEWEST_KEY_BYTES = 24;
const MOST_SIGNATURES = 8;

export interface Message {
	id: string;
	timestamp: string;
	signatures: string;
	body: Uint8Array;
}

export type Verdict = 'genuine' | 'unsigned' | 'stale' | 'forged' | 'secret unusable';

/** Tell what is wrong with a secret; nothing of one that can be used. */
export function secretFault(secret: string): string | undefined {
	return keyBytes(secret).length < FEWEST_KEY_BYTES
		? 'A secret is "whsec_" and base64 of 24 bytes or more, as AWGP showed it'
		: undefined;
}

/** Tell whether a message is signed with one of these secrets, and of now. */
export async function verify(
	message: Message,
	secrets: string[],
	{ now, toleranceSeconds }: { now: number; toleranceSeconds: number },
): Promise<Verdict> {
	if (!message.id || !/^\d{1,15}$/.test(message.timestamp)) return 'unsigned';
	const presented = message.signatures
		.split(' ')
		.filter((each) => each.startsWith('v1,'))
		.slice(0, MOST_SIGNATURES)
		.map((each) => Buffer.from(each.slice(3), 'base64'));
	if (presented.length === 0) return 'unsigned';
	if (secrets.length === 0 || secrets.some(secretFault)) return 'secret unusable';
	const content = signedContent(message);
	let genuine = false;
	for (const secret of secrets) {
		const key = await importKey(secret, 'verify');
		for (const signature of presented) {
			const holds = await crypto.subtle.verify('HMAC', key, signature, content);
			genuine = genuine || holds;
		}
	}
	if (!genuine) return 'forged';
	// Only what is genuine is told that it is late.
	return Math.abs(now / 1000 - Number(message.timestamp)) <= toleranceSeconds ? 'genuine' : 'stale';
}

/** The three headers of a message of ours. */
export async function signedHeaders(
	body: string,
	secret: string,
	{ id, now }: { id: string; now: number },
): Promise<Record<string, string>> {
	const timestamp = String(Math.floor(now / 1000));
	const content = signedContent({ id, timestamp, signatures: '', body: Buffer.from(body) });
	const signature = await crypto.subtle.sign('HMAC', await importKey(secret, 'sign'), content);
	return {
		'webhook-id': id,
		'webhook-timestamp': timestamp,
		'webhook-signature': `v1,${Buffer.from(signature).toString('base64')}`,
	};
}

function signedContent({ id, timestamp, body }: Message): Buffer<ArrayBuffer> {
	return Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
}

async function importKey(secret: string, usage: 'sign' | 'verify'): Promise<CryptoKey> {
	const hmac = { name: 'HMAC', hash: 'SHA-256' };
	return await crypto.subtle.importKey('raw', keyBytes(secret), hmac, false, [usage]);
}

function keyBytes(secret: string): Buffer<ArrayBuffer> {
	const text = secret.trim();
	const encoded = text.startsWith(SECRET_PREFIX) ? text.slice(SECRET_PREFIX.length) : text;
	return Buffer.from(encoded, 'base64');
}
