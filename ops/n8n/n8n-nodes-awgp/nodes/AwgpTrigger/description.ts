/** What the trigger's panel shows, and which messages its events are. */

import type { INodeProperties, TriggerPanelDefinition } from 'n8n-workflow';

/** What a channel or an assistant's target is told as (`type` in the body). */
const TYPES: Record<string, string[]> = {
	approvalDecided: [
		'approval.approved',
		'approval.rejected',
		'approval.expired',
		'approval.cancelled',
	],
	approvalReminded: ['approval.reminded', 'approval.escalated'],
	approvalRequested: ['approval.opened'],
	emergency: ['break_glass.used'],
	resultDelivered: ['run.executed'],
	runCompleted: ['run.completed'],
	runFailed: ['run.failed'],
	targetDisabled: ['target.disabled'],
};

export function typesOf(events: string[]): Set<string> {
	return new Set(events.flatMap((event) => TYPES[event] ?? []));
}

const TRY_IT =
	"<b>To try it here</b>, make the test URL a target of its own in AWGP, with its secret as this credential's Other Secret; then choose 'Execute step' and send it a test: <code>awgp target test NAME --send</code>.<br /><br />";

export const triggerPanel: TriggerPanelDefinition = {
	header: 'Take what AWGP tells',
	executionsHelp: {
		inactive: `${TRY_IT}<b>Once it does what you want</b>, publish it: AWGP posts to the production URL. What came is in the <a data-key="executions">executions list</a>.`,
		active: `${TRY_IT}<b>It is published</b>: what AWGP posts to the production URL starts it. What came is in the <a data-key="executions">executions list</a>.`,
	},
	activationHint: 'AWGP posts to the production URL, which listens when the workflow is published.',
};

export const properties: INodeProperties[] = [
	{
		displayName:
			'In AWGP, add the production URL of this node as a target, and keep its secret in the credential. An assistant with this target tells of its results; a notice channel of approvals, and of runs that completed or failed.',
		name: 'notice',
		type: 'notice',
		default: '',
	},
	{
		displayName: 'Events',
		name: 'events',
		type: 'multiOptions',
		required: true,
		default: ['runCompleted'],
		description: 'What starts the flow; everything else is answered and left',
		options: [
			{
				name: 'Approval Decided',
				value: 'approvalDecided',
				description: 'Approved, rejected, expired or cancelled',
			},
			{
				name: 'Approval Reminded',
				value: 'approvalReminded',
				description: 'It waits still, or too long',
			},
			{
				name: 'Approval Requested',
				value: 'approvalRequested',
				description: 'A run waits for a decision',
			},
			{
				name: 'Emergency',
				value: 'emergency',
				description: 'Someone let a run go alone; another person has to review that',
			},
			{
				name: 'Result Delivered',
				value: 'resultDelivered',
				description:
					'An assistant has run; the message has its result, and the run waits for the answer',
			},
			{
				name: 'Run Completed',
				value: 'runCompleted',
				description: 'A run is done, and its result delivered; the message has a link to it',
			},
			{ name: 'Run Failed', value: 'runFailed', description: 'A run was given up' },
			{
				name: 'Target Disabled',
				value: 'targetDisabled',
				description: 'Someone, or the target by HTTP 410, had it sent nothing more',
			},
		],
	},
	{
		displayName: 'Answer',
		name: 'responseMode',
		type: 'options',
		default: 'lastNode',
		description:
			'When AWGP is told that the message was taken. What is taken at once and then lost in a restart of N8N is not sent again.',
		options: [
			{ name: 'When the Flow Has Ended', value: 'lastNode' },
			{ name: 'At Once', value: 'onReceived' },
		],
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add Option',
		default: {},
		options: [
			{
				displayName: 'Start on Tests',
				name: 'tests',
				type: 'boolean',
				default: false,
				description:
					'Whether the test of a target or a notice channel starts the published flow, too; at the test URL it always does',
			},
			{
				displayName: 'Tolerance (Seconds)',
				name: 'toleranceSeconds',
				type: 'number',
				typeOptions: { minValue: 1, maxValue: 3600 },
				default: 300,
				description: 'How far the clocks of AWGP and N8N may be apart',
			},
		],
	},
];
