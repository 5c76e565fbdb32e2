import type { ICredentialType, INodeProperties, Icon } from 'n8n-workflow';

/** A target of a tenant: what AWGP sends is verified by its secret. */
export class AwgpTargetApi implements ICredentialType {
	name = 'awgpTargetApi';

	displayName = 'AWGP Target API';

	icon: Icon = { light: 'file:../icons/awgp.svg', dark: 'file:../icons/awgp.dark.svg' };

	documentationUrl = 'https://awgp.example/docs/how-to/connect-n8n';

	properties: INodeProperties[] = [
		{
			displayName: 'Secret',
			name: 'secret',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			placeholder: 'whsec_…',
			description: 'AWGP shows it once, when the target is made',
		},
		{
			displayName: 'Other Secret',
			name: 'otherSecret',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			placeholder: 'whsec_…',
			description: 'Counts as well: the old or the new one, while the secret is being changed',
		},
	];
}
