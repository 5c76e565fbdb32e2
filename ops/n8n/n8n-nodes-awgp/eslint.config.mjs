// N8N's own rules for community nodes, both sets, as @n8n/node-cli applies them, its cloud included.
import js from '@eslint/js';
import { n8nCommunityNodesPlugin } from '@n8n/eslint-plugin-community-nodes';
import nodesBase from 'eslint-plugin-n8n-nodes-base';
import tseslint from 'typescript-eslint';

const communityNodes = n8nCommunityNodesPlugin.configs.recommended;

export default tseslint.config(
	{ ignores: ['dist', 'node_modules'] },
	{
		files: ['**/*.ts'],
		extends: [js.configs.recommended, tseslint.configs.strict, communityNodes],
		rules: { 'no-console': 'error', '@typescript-eslint/no-non-null-assertion': 'off' },
	},
	{ plugins: { 'n8n-nodes-base': nodesBase } },
	{
		files: ['package.json'],
		extends: [communityNodes],
		rules: {
			...nodesBase.configs.community.rules,
			// It is a part of AWGP, and has AWGP's licence.
			'n8n-nodes-base/community-package-json-license-not-default': 'off',
		},
		languageOptions: {
			parser: tseslint.parser,
			parserOptions: { extraFileExtensions: ['.json'] },
		},
	},
	{
		files: ['credentials/**/*.ts'],
		rules: {
			...nodesBase.configs.credentials.rules,
			// These two know nothing of full addresses, and of fields OAuth2 brings along.
			'n8n-nodes-base/cred-class-field-documentation-url-miscased': 'off',
			'n8n-nodes-base/cred-class-field-type-options-password-missing': 'off',
		},
	},
	{
		files: ['nodes/**/*.ts'],
		rules: {
			...nodesBase.configs.nodes.rules,
			// These want strings where N8N now has constants.
			'n8n-nodes-base/node-class-description-inputs-wrong-regular-node': 'off',
			'n8n-nodes-base/node-class-description-outputs-wrong': 'off',
			// It wants numbers to have no greatest value.
			'n8n-nodes-base/node-param-type-options-max-value-present': 'off',
		},
	},
);
