// Put our node where N8N looks for community packages, lay its event log aside, then become N8N.
//
//   node start.cjs BIN NODE COMMAND...
//
// As the user N8N runs as: the folder is that user's, and nobody else follows what is in it.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const [bin, node, ...command] = process.argv.slice(2);
fs.mkdirSync(process.env.TMPDIR, { recursive: true });
const { name } = require(path.join(node, 'package.json'));
const home = path.join(process.env.N8N_USER_FOLDER, '.n8n');
const place = path.join(home, 'nodes', 'node_modules', name);
fs.rmSync(place, { recursive: true, force: true });
fs.mkdirSync(path.dirname(place), { recursive: true });
fs.cpSync(node, place, { recursive: true });

// N8N 2.41.1 takes for crashed whatever its log says was started and not ended, flows included that
// wait in its database and would go on. Without the log it asks the database what was running.
for (const file of fs.readdirSync(home)) {
  if (/^n8nEventLog(-\d+)?\.log$/.test(file)) {
    fs.renameSync(path.join(home, file), path.join(home, file.replace(/\.log$/, '.before')));
  }
}

process.argv.splice(1, process.argv.length - 1, bin, ...command);
require(bin);
