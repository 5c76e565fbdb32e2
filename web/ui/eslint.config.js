import js from '@eslint/js';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import { readdirSync } from 'node:fs';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const features = readdirSync(new URL('./src/features', import.meta.url));

/** Which rooms a room may not import. Imports across folders are written with `@/`. */
function forbid(files, group, message) {
  return {
    files,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group, message },
            { group: ['../../*'], message: 'Write imports across folders with @/.' },
          ],
        },
      ],
    },
  };
}

export default tseslint.config(
  { ignores: ['dist', '.dist-*', '.cache', 'src/shared/api/schema.d.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
      reactHooks.configs.flat['recommended-latest'],
      jsxA11y.flatConfigs.strict,
    ],
    languageOptions: {
      globals: globals.browser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    settings: { react: { version: '19' } },
    rules: {
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // The router's redirect() and notFound() are thrown.
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      // What scrolls must be reached by the keyboard.
      'jsx-a11y/no-noninteractive-tabindex': [
        'error',
        { tags: [], roles: ['region', 'tabpanel'], allowExpressionValues: true },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: 'Nothing is written into the page as markup.',
        },
        {
          selector: 'AssignmentExpression[left.property.name=/^(innerHTML|outerHTML)$/]',
          message: 'Nothing is written into the page as markup.',
        },
      ],
    },
  },
  {
    files: ['src/**/*.test.{ts,tsx}'],
    ignores: ['src/**/*.mocked.test.{ts,tsx}'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'vi',
          property: 'mock',
          message: 'Tests share their modules: name the file .mocked.test, and it runs alone.',
        },
      ],
    },
  },
  forbid(
    ['src/shared/**'],
    ['@/features/*', '@/features/**', '@/app/**'],
    'shared knows no feature.',
  ),
  ...features.map((name) =>
    forbid(
      [`src/features/${name}/**`],
      [
        '@/app/**',
        ...features.filter((other) => other !== name).map((other) => `@/features/${other}/**`),
      ],
      'A feature knows shared, and no other feature.',
    ),
  ),
);
