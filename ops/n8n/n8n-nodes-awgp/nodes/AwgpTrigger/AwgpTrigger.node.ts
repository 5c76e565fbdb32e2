import type {
	IDataObject,
	IHookFunctions,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { testTarget } from '../shared/credentialTests';
import { type Verdict, verify } from '../shared/standardWebhooks';
import { properties, triggerPanel, typesOf } from './description';

const TESTS = new Set(['channel.test', 'target.test']);

/** Starts a flow with what AWGP tells a target, once it is known to come from AWGP, and of now. */
export class AwgpTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'AWGP Trigger',
		name: 'awgpTrigger',
		icon: { light: 'file:../../icons/awgp.svg', dark: 'file:../../icons/awgp.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: '={{ $parameter["events"].join(", ") }}',
		description: 'Starts when AWGP tells of a run or an approval; signatures are verified',
		eventTriggerDescription: 'Waiting for AWGP to call the address of this node',
		triggerPanel,
		activationMessage: 'Make the production URL of this node a target in AWGP.',
		defaults: { name: 'AWGP Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'awgpTargetApi', required: true, testedBy: 'awgpTargetTest' }],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				path: 'awgp',
				responseMode: '={{ $parameter["responseMode"] }}',
				responseData: 'firstEntryJson',
			},
		],
		properties,
	};

	methods = { credentialTest: { awgpTargetTest: testTarget } };

	/** The target is made by an admin of the tenant, in AWGP: a machine may not, so N8N does not. */
	webhookMethods = {
		default: {
			async checkExists(this: IHookFunctions): Promise<boolean> {
				return true;
			},
			async create(this: IHookFunctions): Promise<boolean> {
				return true;
			},
			async delete(this: IHookFunctions): Promise<boolean> {
				return true;
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		const request = this.getRequestObject();
		const verdict = await judged(this, request.rawBody);
		if (verdict !== 'genuine') return refused(this);
		const told = JSON.parse(request.rawBody.toString('utf8')) as IDataObject;
		const wanted = typesOf(this.getNodeParameter('events', []) as string[]);
		// At the test URL somebody waits for just that.
		const tests =
			this.getMode() === 'manual' || this.getNodeParameter('options.tests', false) === true;
		const tested = tests && TESTS.has(String(told.type));
		if (!wanted.has(String(told.type)) && !tested) {
			return { webhookResponse: { taken: false, type: told.type } };
		}
		return { workflowData: [[{ json: { ...told, key: this.getHeaderData()['webhook-id'] } }]] };
	}
}

async function judged(context: IWebhookFunctions, body: Buffer | undefined): Promise<Verdict> {
	const headers = context.getHeaderData() as Record<string, string | undefined>;
	const { secret, otherSecret } = await context.getCredentials('awgpTargetApi');
	const secrets = [secret, otherSecret].map((each) => String(each ?? '')).filter((each) => each);
	const message = {
		id: headers['webhook-id'] ?? '',
		timestamp: headers['webhook-timestamp'] ?? '',
		signatures: headers['webhook-signature'] ?? '',
		body: body ?? Buffer.alloc(0),
	};
	const toleranceSeconds = context.getNodeParameter('options.toleranceSeconds', 300) as number;
	const verdict = await verify(message, secrets, { now: Date.now(), toleranceSeconds });
	if (verdict !== 'genuine') {
		// Told to whoever runs N8N, and to nobody else.
		context.logger.warn(`${context.getNode().name}: a message was refused, ${verdict}`);
	}
	return verdict;
}

/** The same answer whatever is wrong: a stranger learns nothing. */
function refused(context: IWebhookFunctions): IWebhookResponseData {
	context.getResponseObject().status(401).json({ error: 'The signature does not hold' });
	return { noWebhookResponse: true };
}
