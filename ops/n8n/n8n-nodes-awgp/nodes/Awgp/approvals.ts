/** What the node says of approvals. It reads; deciding is for people, on the page it links to. */

import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { ask, OAUTH2 } from './door';

const PAGE = 100;

export async function listApprovals(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<IDataObject[]> {
	const all = context.getNodeParameter('returnAll', itemIndex) as boolean;
	const most = all ? Infinity : (context.getNodeParameter('limit', itemIndex) as number);
	const filters = context.getNodeParameter('filters', itemIndex, {}) as IDataObject;
	const { webUrl } = await context.getCredentials(OAUTH2, itemIndex);
	const found: IDataObject[] = [];
	let cursor: string | undefined;
	do {
		const query = { ...filters, limit: Math.min(PAGE, most - found.length), cursor };
		const answer = await ask(context, itemIndex, {
			method: 'GET',
			door: 'webUrl',
			path: '/v1/approvals',
			query,
		});
		const page = answer.body as unknown as { items: IDataObject[]; next: string | null };
		found.push(...page.items.map((each) => ({ ...each, url: pageOf(String(webUrl), each) })));
		cursor = page.next ?? undefined;
	} while (cursor !== undefined && found.length < most);
	return found;
}

/** The page where people look and decide; opening it decides nothing. */
function pageOf(webUrl: string, approval: IDataObject): string {
	return `${webUrl.replace(/\/+$/, '')}/t/${String(approval.tenant)}/approvals/${String(approval.id)}`;
}
