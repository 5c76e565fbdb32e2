import type { ICredentialType, INodeProperties, Icon } from 'n8n-workflow';

/** A source of a tenant: what is sent is signed with its secret (Standard Webhooks). */
export class AwgpSourceApi implements ICredentialType {
	name = 'awgpSourceApi';

	displayName = 'AWGP Source API';

	icon: Icon = { light: 'file:../icons/awgp.svg', dark: 'file:../icons/awgp.dark.svg' };

	documentationUrl = 'https://awgp.example/docs/how-to/connect-n8n';

	properties: INodeProperties[] = [
		{
			displayName: 'Hook URL',
			name: 'hookUrl',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'https://ingest.awgp.example.com/v1/hooks/…',
			description: "The source's own address, as AWGP showed it",
		},
		{
			displayName: 'Secret',
			name: 'secret',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			placeholder: 'whsec_…',
		},
	];
}
