/** What the node does with runs. */

import type {
	IDataObject,
	IExecuteFunctions,
	IN8nHttpFullResponse,
	JsonObject,
} from 'n8n-workflow';
import { NodeApiError, NodeOperationError, sleep } from 'n8n-workflow';
import { messageId } from '../shared/messageId';
import { secretFault, signedHeaders } from '../shared/standardWebhooks';
import { ask, judged } from './door';

/** A run in one of these goes no further by itself (pipeline/run.py: TERMINAL). */
const OVER = new Set(['completed', 'denied', 'rejected', 'expired', 'failed', 'cancelled']);

const LONG_POLL_SECONDS = 20;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;
const AWAY_MS = 60_000;

export async function submitRun(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<IDataObject> {
	const payload = readPayload(context, itemIndex);
	const chosen = context.getNodeParameter('options.idempotencyKey', itemIndex, '') as string;
	const key = chosen === '' ? messageId(context, itemIndex) : chosen;
	const bySource = context.getNodeParameter('authentication', itemIndex) === 'source';
	const answer = bySource
		? await sendSigned(context, itemIndex, payload, key)
		: await ask(context, itemIndex, {
				method: 'POST',
				door: 'ingestUrl',
				path: '/v1/runs',
				headers: { 'Idempotency-Key': key },
				body: { assistant: context.getNodeParameter('assistant', itemIndex) as string, payload },
			});
	return { ...(answer.body as IDataObject), idempotencyKey: key };
}

export async function getRun(context: IExecuteFunctions, itemIndex: number): Promise<IDataObject> {
	return shown(
		(await readRun(context, itemIndex, runId(context, itemIndex), {})).body as IDataObject,
	);
}

/** Look until it is over or the time is up; a held run may take its people days, AWGP a restart. */
export async function waitForRun(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<IDataObject> {
	const run = runId(context, itemIndex);
	const until = Date.now() + (context.getNodeParameter('waitSeconds', itemIndex) as number) * 1000;
	const backUntil = Math.max(until, Date.now() + AWAY_MS);
	const stopped = context.getExecutionCancelSignal();
	let pause = FIRST_PAUSE_MS;
	let seen: IN8nHttpFullResponse | undefined;
	let end = until;
	do {
		const asked = Date.now();
		try {
			const answer = await readRun(context, itemIndex, run, seen ? longPoll(seen, until) : {});
			if (answer.statusCode !== 304) seen = answer;
			end = until;
		} catch (error) {
			// Where AWGP is away for a moment we wait for it, unless we know how the run stood.
			end = seen ? until : backUntil;
			if (!passes(error) || (!seen && Date.now() >= end))
				throw new NodeApiError(context.getNode(), error as JsonObject, { itemIndex });
		}
		// Who answered at once did not wait for us, so we do.
		if (!isOver(seen?.body) && Date.now() - asked < pause) {
			await sleep(Math.min(pause, Math.max(0, end - Date.now())));
			pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
		}
	} while (!isOver(seen?.body) && (!seen || Date.now() < end) && !stopped?.aborted);
	return timeUp(context, itemIndex, shown((seen?.body ?? {}) as IDataObject));
}

function longPoll(seen: IN8nHttpFullResponse, until: number): Record<string, string> {
	const left = Math.max(1, Math.ceil((until - Date.now()) / 1000));
	return {
		Prefer: `wait=${Math.min(LONG_POLL_SECONDS, left)}`,
		'If-None-Match': String(seen.headers.etag ?? ''),
	};
}

/** Whether AWGP is away for a while only: no answer, or one that asks to come back. */
function passes(error: unknown): boolean {
	if (!(error instanceof NodeApiError)) return false;
	return /^(429|5\d\d|E[A-Z_]+)$/.test(String(error.httpCode));
}

function timeUp(context: IExecuteFunctions, itemIndex: number, run: IDataObject): IDataObject {
	const fails = context.getNodeParameter('options.failWhenOpen', itemIndex, false) as boolean;
	if (!run.finished && fails) {
		throw new NodeOperationError(context.getNode(), `The run is still ${String(run.status)}`, {
			itemIndex,
			description: 'Wait longer, or let the flow go on and look again later.',
		});
	}
	return run;
}

function isOver(run: unknown): boolean {
	return OVER.has(String((run as IDataObject | undefined)?.status));
}

function shown(run: IDataObject): IDataObject {
	return { ...run, finished: isOver(run), succeeded: run.status === 'completed' };
}

async function readRun(
	context: IExecuteFunctions,
	itemIndex: number,
	run: string,
	headers: Record<string, string>,
): Promise<IN8nHttpFullResponse> {
	const path = `/v1/runs/${encodeURIComponent(run)}`;
	return await ask(context, itemIndex, { method: 'GET', door: 'ingestUrl', path, headers });
}

async function sendSigned(
	context: IExecuteFunctions,
	itemIndex: number,
	payload: IDataObject,
	id: string,
): Promise<IN8nHttpFullResponse> {
	const { hookUrl, secret } = await context.getCredentials('awgpSourceApi', itemIndex);
	const body = JSON.stringify(payload);
	const fault = secretFault(String(secret));
	if (fault) throw new NodeOperationError(context.getNode(), fault, { itemIndex });
	const signed = await signedHeaders(body, String(secret), { id, now: Date.now() });
	return await judged(
		context,
		itemIndex,
		async (wanted) =>
			await context.helpers.httpRequest({
				...wanted,
				method: 'POST',
				url: String(hookUrl),
				headers: { 'Content-Type': 'application/json', ...signed },
				// What is signed is these bytes; they must not be written anew on the way.
				body: Buffer.from(body),
			}),
	);
}

function runId(context: IExecuteFunctions, itemIndex: number): string {
	return String(context.getNodeParameter('runId', itemIndex)).trim();
}

function readPayload(context: IExecuteFunctions, itemIndex: number): IDataObject {
	const given: unknown = context.getNodeParameter('payload', itemIndex);
	const parsed: unknown = typeof given === 'string' ? parsedJson(context, itemIndex, given) : given;
	if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
		throw new NodeOperationError(context.getNode(), 'The payload is not a JSON object', {
			itemIndex,
		});
	}
	return parsed as IDataObject;
}

function parsedJson(context: IExecuteFunctions, itemIndex: number, text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		throw new NodeOperationError(context.getNode(), 'The payload is not JSON', { itemIndex });
	}
}
