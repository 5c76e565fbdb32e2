import type { IExecuteFunctions } from 'n8n-workflow';

/**
 * The id of what a node sends for one item: the same when N8N tries the node again, another at the
 * next turn of a loop. AWGP makes one run of what comes twice under one id. No dot is in it: that is
 * what Standard Webhooks puts between the id and the rest.
 */
export function messageId(context: IExecuteFunctions, itemIndex: number): string {
	const turn = context.evaluateExpression('{{ $runIndex }}', itemIndex);
	return ['n8n', context.getExecutionId(), context.getNode().id, turn, itemIndex].join('_');
}
