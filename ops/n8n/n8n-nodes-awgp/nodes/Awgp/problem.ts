/** AWGP's problems (RFC 9457) in N8N's words. */

import type { IDataObject, IExecuteFunctions, JsonObject } from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';

/** What to do about a problem, where the person at the canvas can do something. */
const FIXES: Record<string, string> = {
	'bearer-invalid': 'Check Access Token URL, Client ID and Client Secret of the credential.',
	'tenant-not-chosen': 'Name the tenant in the credential.',
	'tenant-forbidden': 'Check the tenant in the credential, and the groups of the machine client.',
	'role-missing': 'The machine client has to be in the group "<tenant>-operators".',
	'signature-invalid': "Check Hook URL and Secret of the credential, and this machine's clock.",
	'source-inactive': 'The source or its assistant is switched off in AWGP.',
	'assistant-unknown': 'Check the name of the assistant, and whether it is switched on in AWGP.',
	'run-not-found': 'Check the run ID, and whether the run is of the tenant of the credential.',
	'idempotency-key-reused':
		'Another payload was sent under this idempotency key; leave the option out, or send another key.',
};

const MEMBERS = ['type', 'status', 'field', 'errors', 'incident'];

/** The error that N8N shows: the title, and below it the detail and what to do. */
export function problemError(
	context: IExecuteFunctions,
	itemIndex: number,
	answered: unknown,
	status: number,
): NodeApiError {
	const problem = typeof answered === 'object' && answered !== null ? answered : {};
	const { title, ...told } = problem as IDataObject;
	const error = new NodeApiError(context.getNode(), problem as JsonObject, {
		itemIndex,
		httpCode: String(status),
		message: String(title ?? `AWGP answered HTTP ${status}`),
		description: described(told),
	});
	const members = Object.entries(told).filter(([name]) => MEMBERS.includes(name));
	error.context.problem = { status, ...Object.fromEntries(members) };
	return error;
}

/** What an item says of its error where the flow goes on: N8N takes these three for an error. */
export function failedItem(error: Error): IDataObject {
	const { description, context } = error as Partial<NodeApiError>;
	return {
		error: error.message,
		...(description ? { message: description } : {}),
		...(context?.problem ? { details: context.problem as IDataObject } : {}),
	};
}

function described({ type, detail, field, errors, incident }: IDataObject): string {
	const several = Array.isArray(errors) && errors.length > 1 ? (errors as IDataObject[]) : [];
	const said = String(detail ?? '').replace(/^[a-z]/, (first) => first.toUpperCase());
	const fix = FIXES[String(type ?? '').replace(/^urn:awgp:problem:/, '')];
	return [
		said,
		field !== undefined && !said.includes(String(field)) ? `At: ${String(field)}.` : '',
		...several.slice(1).map((each) => String(each.detail)),
		fix,
		incident === undefined ? '' : `Incident ${String(incident)}.`,
	]
		.filter((each) => each)
		.map((each) => (/[.!?]$/.test(String(each)) ? each : `${String(each)}.`))
		.join(' ');
}
