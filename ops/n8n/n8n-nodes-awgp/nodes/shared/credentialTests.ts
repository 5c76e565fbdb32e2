/** What can be told of a secret without sending anything: whether it can be one. */

import type {
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
} from 'n8n-workflow';
import { secretFault } from './standardWebhooks';

const HOOK = /^https?:\/\/[^/?#]+(\/[^?#]*)?\/v1\/hooks\/[0-9a-f-]{36}$/;

export async function testSource(
	this: ICredentialTestFunctions,
	credential: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	const { hookUrl, secret } = credential.data ?? {};
	if (!HOOK.test(String(hookUrl ?? ''))) {
		return { status: 'Error', message: 'The hook URL ends in /v1/hooks/ and the id of the source' };
	}
	return verdictOn([secret]);
}

export async function testTarget(
	this: ICredentialTestFunctions,
	credential: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	const { secret, otherSecret } = credential.data ?? {};
	return verdictOn(otherSecret ? [secret, otherSecret] : [secret]);
}

function verdictOn(secrets: unknown[]): INodeCredentialTestResult {
	const fault = secrets.map((each) => secretFault(String(each ?? ''))).find((each) => each);
	return fault ? { status: 'Error', message: fault } : { status: 'OK', message: 'It can be used' };
}
