// Fails when what a first visit loads is larger than we promise: 250 kB of gzipped JavaScript.
// A part that a page loads once it is shown, and that does not hold it up, has a limit of its own.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const VISIT_BYTES = 250_000;
const PART_BYTES = 125_000;
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
const kilo = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
const lazyOf = (names) => [...names].flatMap((name) => manifest[name].dynamicImports ?? []);

const entries = Object.keys(manifest).filter((name) => manifest[name].isEntry);
const shell = closure(entries);
const pages = [...new Set(lazyOf(shell))];
const parts = Object.keys(manifest).filter(
  (name) => manifest[name].isDynamicEntry && !pages.includes(name),
);
const visits = pages
  .map((page) => [page, total(closure([...entries, page]))])
  .sort((a, b) => b[1] - a[1]);
const later = parts.map((part) => {
  const known = closure([...entries, ...pages.filter((page) => loads(page, part))]);
  return [part, total([...closure([part])].filter((name) => !known.has(name)))];
});

function loads(page, part) {
  return lazyOf(closure([page])).includes(part);
}

console.log(`shell ${kilo(total(shell))} gzipped`);
for (const [page, bytes] of visits) console.log(`  with ${page} ${kilo(bytes)}`);
for (const [part, bytes] of later) console.log(`later ${part} ${kilo(bytes)} more`);
const limits = [
  ['shell', total(shell), VISIT_BYTES],
  ...visits.map((each) => [...each, VISIT_BYTES]),
  ...later.map((each) => [...each, PART_BYTES]),
];
for (const [name, bytes, most] of limits.filter(([, bytes, most]) => bytes > most)) {
  console.error(`${name} loads ${kilo(bytes)} of JavaScript; the limit is ${kilo(most)}`);
  process.exitCode = 1;
}
