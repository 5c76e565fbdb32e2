// Put our node where N8N looks for community packages, then become N8N.
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
const place = path.join(process.env.N8N_USER_FOLDER, '.n8n', 'nodes', 'node_modules', name);
fs.rmSync(place, { recursive: true, force: true });
fs.mkdirSync(path.dirname(place), { recursive: true });
fs.cpSync(node, place, { recursive: true });

process.argv.splice(1, process.argv.length - 1, bin, ...command);
require(bin);
