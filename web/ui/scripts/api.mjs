// Generates src/shared/api/schema.d.ts from openapi.json; with --check, only tells whether it fits.
import { readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';

const target = new URL('../src/shared/api/schema.d.ts', import.meta.url);
const nodes = await openapiTS(new URL('../openapi.json', import.meta.url), {
  defaultNonNullable: false,
});
const text = `// Made by \`make api\` from openapi.json. Do not edit.\n\n${astToString(nodes)}`;

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('src/shared/api/schema.d.ts does not fit openapi.json; run `make api`');
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
