// Fails when what a first visit loads is larger than we promise: 250 kB of gzipped JavaScript.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMIT_BYTES = 250_000;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

/** Every chunk a chunk needs before it can run. */
function closure(names, seen = new Set()) {
  for (const name of names) {
    if (!seen.has(name)) {
      seen.add(name);
      closure(manifest[name].imports ?? [], seen);
    }
  }
  return seen;
}

const size = (name) => gzipSync(readFileSync(new URL(manifest[name].file, dist))).length;
const total = (names) => [...names].reduce((sum, name) => sum + size(name), 0);
const entries = Object.keys(manifest).filter((name) => manifest[name].isEntry);
const base = closure(entries);
const pages = Object.keys(manifest).filter((name) => manifest[name].isDynamicEntry);
const visits = pages
  .map((page) => [page, total(closure([...entries, page]))])
  .sort((a, b) => b[1] - a[1]);

const kilo = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(`shell ${kilo(total(base))} gzipped`);
for (const [page, bytes] of visits) console.log(`  with ${page} ${kilo(bytes)}`);
const largest = Math.max(total(base), ...visits.map(([, bytes]) => bytes));
if (largest > LIMIT_BYTES) {
  console.error(
    `a first visit loads ${kilo(largest)} of JavaScript; the limit is ${kilo(LIMIT_BYTES)}`,
  );
  process.exit(1);
}
