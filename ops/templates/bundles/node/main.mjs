// Read the request, do the work, write the result.
import { readFile, writeFile } from 'node:fs/promises';

const request = JSON.parse(await readFile('/input/request.json', 'utf8'));
console.log(`got ${Object.keys(request).length} fields`); // kept with the run, for people to read

let total = 0;
for (const line of request.lines ?? []) total += line.quantity * line.price_cents;

await writeFile('/output/result.json', JSON.stringify({ lines_total_cents: total }));
