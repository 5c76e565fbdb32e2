import type { ICredentialType, INodeProperties, Icon } from 'n8n-workflow';

/** A machine client of a tenant: N8N fetches its access tokens and renews them. */
export class AwgpOAuth2Api implements ICredentialType {
	name = 'awgpOAuth2Api';

	extends = ['oAuth2Api'];

	displayName = 'AWGP OAuth2 API';

	icon: Icon = { light: 'file:../icons/awgp.svg', dark: 'file:../icons/awgp.dark.svg' };

	documentationUrl = 'https://awgp.example/docs/how-to/connect-n8n';

	properties: INodeProperties[] = [
		{
			displayName: 'Ingest URL',
			name: 'ingestUrl',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'https://ingest.awgp.example.com',
			description: 'Where runs are submitted',
		},
		{
			displayName: 'Control Plane URL',
			name: 'webUrl',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'https://awgp.example.com',
			description: 'Where approvals are; it is the address people use, too',
		},
		{
			displayName: 'Tenant',
			name: 'tenant',
			type: 'string',
			default: '',
			description: 'Its short name; only a client of several tenants has to say which',
		},
		{ displayName: 'Grant Type', name: 'grantType', type: 'hidden', default: 'clientCredentials' },
		{
			displayName: 'Access Token URL',
			name: 'accessTokenUrl',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'https://id.example.com/realms/awgp-holding/protocol/openid-connect/token',
		},
		{ displayName: 'Scope', name: 'scope', type: 'hidden', default: '' },
		{ displayName: 'Authentication', name: 'authentication', type: 'hidden', default: 'header' },
	];
}
