/** Asking AWGP: its answers, and its problems (RFC 9457) in N8N's words. */

import type {
	IDataObject,
	IExecuteFunctions,
	IHttpRequestOptions,
	IN8nHttpFullResponse,
	JsonObject,
} from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';
import { problemError } from './problem';

export const OAUTH2 = 'awgpOAuth2Api';

export type Door = 'ingestUrl' | 'webUrl';

export interface Asked {
	method: 'GET' | 'POST';
	path: string;
	door: Door;
	headers?: Record<string, string>;
	query?: IDataObject;
	body?: IDataObject;
}

/** Ask as the machine client of the credentials. */
export async function ask(
	context: IExecuteFunctions,
	itemIndex: number,
	asked: Asked,
): Promise<IN8nHttpFullResponse> {
	const credentials = await context.getCredentials(OAUTH2, itemIndex);
	const tenant = String(credentials.tenant ?? '');
	const options: IHttpRequestOptions = {
		method: asked.method,
		url: `${String(credentials[asked.door]).replace(/\/+$/, '')}${asked.path}`,
		headers: { ...(tenant === '' ? {} : { 'AWGP-Tenant': tenant }), ...asked.headers },
		qs: asked.query,
		body: asked.body,
		arrayFormat: 'repeat',
	};
	return await judged(
		context,
		itemIndex,
		async (wanted) =>
			await context.helpers.httpRequestWithAuthentication.call(context, OAUTH2, {
				...options,
				...wanted,
				// At a 401 that is thrown, N8N fetches another access token and asks once more.
				ignoreHttpStatusErrors: { ignore: true, except: [401] },
			}),
	);
}

/** Make a request of any kind and let a problem be an error that says what AWGP says. */
export async function judged(
	context: IExecuteFunctions,
	itemIndex: number,
	request: (wanted: Partial<IHttpRequestOptions>) => Promise<IN8nHttpFullResponse>,
): Promise<IN8nHttpFullResponse> {
	let answer: IN8nHttpFullResponse;
	try {
		answer = await request({
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
			json: true,
		});
	} catch (error) {
		const failed = new NodeApiError(context.getNode(), error as JsonObject, { itemIndex });
		const problem = failed.context.data as IDataObject | undefined;
		if (problem?.type === undefined) throw failed;
		throw problemError(context, itemIndex, problem, Number(problem.status));
	}
	if (answer.statusCode < 400) return answer;
	throw problemError(context, itemIndex, answer.body, answer.statusCode);
}
