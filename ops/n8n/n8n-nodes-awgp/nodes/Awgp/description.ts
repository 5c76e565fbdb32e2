/** What the node's panel shows. */

import type { INodeProperties } from 'n8n-workflow';

const RUN = { resource: ['run'] };
const APPROVAL = { resource: ['approval'] };

export const properties: INodeProperties[] = [
	{
		displayName: 'Authentication',
		name: 'authentication',
		type: 'options',
		options: [
			{ name: 'Machine Client (OAuth2)', value: 'oAuth2' },
			{ name: 'Source (Signed Webhook)', value: 'source' },
		],
		default: 'oAuth2',
		description: 'A source can submit runs and no more',
	},
	{
		displayName: 'Resource',
		name: 'resource',
		type: 'options',
		noDataExpression: true,
		options: [
			{ name: 'Approval', value: 'approval' },
			{ name: 'Run', value: 'run' },
		],
		default: 'run',
	},
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: RUN },
		options: [
			{
				name: 'Get',
				value: 'get',
				description: 'See how a run fares',
				action: 'Get a run',
			},
			{
				name: 'Submit',
				value: 'submit',
				description: 'Ask for a run',
				action: 'Submit a run',
			},
			{
				name: 'Wait',
				value: 'wait',
				description: 'Wait until a run is over, or for so long',
				action: 'Wait for a run',
			},
		],
		default: 'submit',
	},
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: APPROVAL },
		options: [
			{
				name: 'Get Many',
				value: 'getAll',
				description: 'See what waits for a decision',
				action: 'Get many approvals',
			},
		],
		default: 'getAll',
	},
	{
		displayName: 'Assistant',
		name: 'assistant',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'invoice-booker',
		description: 'The name of the assistant that is to run',
		displayOptions: { show: { ...RUN, operation: ['submit'], authentication: ['oAuth2'] } },
	},
	{
		displayName: 'Payload',
		name: 'payload',
		type: 'json',
		default: '={{ $json }}',
		required: true,
		description: 'What the assistant is given: a JSON object',
		displayOptions: { show: { ...RUN, operation: ['submit'] } },
	},
	{
		displayName: 'Run ID',
		name: 'runId',
		type: 'string',
		default: '={{ $json.run }}',
		required: true,
		displayOptions: { show: { ...RUN, operation: ['get', 'wait'] } },
	},
	{
		displayName: 'Wait At Most (Seconds)',
		name: 'waitSeconds',
		type: 'number',
		typeOptions: { minValue: 0, maxValue: 3600 },
		default: 60,
		description:
			'How long to wait here; 0 only looks. For what people take hours to decide, look at "finished" and come back after a Wait node of more than a minute: that outlives a restart of N8N, which this node does not.',
		displayOptions: { show: { ...RUN, operation: ['wait'] } },
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add Option',
		default: {},
		displayOptions: { show: { ...RUN, operation: ['submit'] } },
		options: [
			{
				displayName: 'Idempotency Key',
				name: 'idempotencyKey',
				type: 'string',
				default: '',
				description:
					'What comes twice under one key is one run. Without one, a node that N8N tries again sends the same key, and every other turn another.',
			},
		],
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add Option',
		default: {},
		displayOptions: { show: { ...RUN, operation: ['wait'] } },
		options: [
			{
				displayName: 'Fail When Still Open',
				name: 'failWhenOpen',
				type: 'boolean',
				default: false,
				description: 'Whether the node fails when the time is up and the run is not over',
			},
		],
	},
	{
		displayName: 'Return All',
		name: 'returnAll',
		type: 'boolean',
		default: false,
		description: 'Whether to return all results or only up to a given limit',
		displayOptions: { show: { ...APPROVAL, operation: ['getAll'] } },
	},
	{
		displayName: 'Limit',
		name: 'limit',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: 50,
		description: 'Max number of results to return',
		displayOptions: { show: { ...APPROVAL, operation: ['getAll'], returnAll: [false] } },
	},
	{
		displayName: 'Filters',
		name: 'filters',
		type: 'collection',
		placeholder: 'Add Filter',
		default: {},
		displayOptions: { show: { ...APPROVAL, operation: ['getAll'] } },
		options: [
			{ displayName: 'Assistant', name: 'assistant', type: 'string', default: '' },
			{ displayName: 'Rule', name: 'rule', type: 'string', default: '' },
			{
				displayName: 'Status',
				name: 'status',
				type: 'multiOptions',
				default: ['open'],
				options: [
					{ name: 'Approved', value: 'approved' },
					{ name: 'Cancelled', value: 'cancelled' },
					{ name: 'Expired', value: 'expired' },
					{ name: 'Open', value: 'open' },
					{ name: 'Rejected', value: 'rejected' },
					{ name: 'Superseded', value: 'superseded' },
				],
			},
		],
	},
];
