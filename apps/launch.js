// How tally, tally-admin, tally-witness and tally-monitor begin. Plain JavaScript that any Node since 14 can parse: it finds the Node and the
// build that the rest needs.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;
const here = dirname(fileURLToPath(import.meta.url));

/** Runs the `main.js` built from a folder of an app, under the name that its user knows. `prepare` comes before it, on the right Node. */
export async function launch(program, folder, prepare) {
  const main = join(here, '../dist/apps', folder, 'main.js');
  if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR) {
    const newer = process.env.TALLY_NODE === undefined ? installedNode() : undefined;
    if (newer === undefined) {
      fail(
        `${program} needs Node ${NODE_MAJOR} or newer, this is ${process.versions.node}: run npm install in the folder of tallystick, or install Node ${NODE_MAJOR}`,
      );
    } else {
      runWith(newer);
    }
  } else if (!existsSync(main)) {
    fail(`${program} is not built yet (${main} is missing): run npm run build in the folder of tallystick`);
  } else {
    if (prepare) prepare();
    await import(main);
  }
}

function fail(message) {
  process.stderr.write(`error: ${message}\n`);
  process.exitCode = 2;
}

/** npm brings a Node of its own for Linux (the optional dependency node-linux-*): the nearest one above this file. */
function installedNode() {
  for (let folder = here; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules/.bin/node');
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

function runWith(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit', env: { ...process.env, TALLY_NODE: node } });
  const forward = (signal) => child.kill(signal);
  process.on('SIGINT', forward);
  process.on('SIGTERM', forward);
  child.on('error', (error) => fail(`${node} can't be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0));
  });
}
