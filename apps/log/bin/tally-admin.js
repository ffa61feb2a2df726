#!/usr/bin/env node
// Plain JavaScript that any Node can parse, so that an older one gets a clear line.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = join(dirname(fileURLToPath(import.meta.url)), '../../../dist/apps/log/src/admin/main.js');

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`tally-admin needs Node 24 or newer, this is ${process.versions.node}\n`);
  process.exitCode = 2;
} else if (!existsSync(main)) {
  process.stderr.write(`tally-admin is not built yet: run npm run build in the folder of tallystick\n`);
  process.exitCode = 2;
} else {
  const { runAdmin } = await import(main);
  process.exitCode = await runAdmin(process.argv.slice(2), process.env);
}
