import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	JsonObject,
} from 'n8n-workflow';
import { NodeApiError, NodeConnectionTypes, NodeOperationError } from 'n8n-workflow';
import { testSource } from '../shared/credentialTests';
import { listApprovals } from './approvals';
import { properties } from './description';
import { failedItem } from './problem';
import { getRun, submitRun, waitForRun } from './runs';

type Operation = (
	context: IExecuteFunctions,
	itemIndex: number,
) => Promise<IDataObject | IDataObject[]>;

const OPERATIONS: Record<string, Operation> = {
	'run.submit': submitRun,
	'run.wait': waitForRun,
	'run.get': getRun,
	'approval.getAll': listApprovals,
};

/** Asks AWGP for runs and follows them. It never decides: that is for people. */
export class Awgp implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'AWGP',
		name: 'awgp',
		icon: { light: 'file:../../icons/awgp.svg', dark: 'file:../../icons/awgp.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: '={{ $parameter["operation"] + ": " + $parameter["resource"] }}',
		description: 'Submit governed runs, wait for their outcome, see what waits for a decision',
		defaults: { name: 'AWGP' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [
			{
				name: 'awgpOAuth2Api',
				required: true,
				displayOptions: { show: { authentication: ['oAuth2'] } },
			},
			{
				name: 'awgpSourceApi',
				required: true,
				testedBy: 'awgpSourceTest',
				displayOptions: { show: { authentication: ['source'] } },
			},
		],
		properties,
	};

	methods = { credentialTest: { awgpSourceTest: testSource } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const returned: INodeExecutionData[] = [];
		for (let item = 0; item < this.getInputData().length; item++) {
			try {
				const done = await operationOf(this, item)(this, item);
				for (const json of Array.isArray(done) ? done : [done]) {
					returned.push({ json, pairedItem: { item } });
				}
			} catch (error) {
				if (!this.continueOnFail()) {
					// Either is itself where it is one already.
					if (error instanceof NodeOperationError)
						throw new NodeOperationError(this.getNode(), error);
					throw new NodeApiError(this.getNode(), error as JsonObject, { itemIndex: item });
				}
				returned.push({ json: failedItem(error as Error), pairedItem: { item } });
			}
		}
		return [returned];
	}
}

function operationOf(context: IExecuteFunctions, item: number): Operation {
	const resource = context.getNodeParameter('resource', item) as string;
	const operation = context.getNodeParameter('operation', item) as string;
	return OPERATIONS[`${resource}.${operation}`]!;
}
