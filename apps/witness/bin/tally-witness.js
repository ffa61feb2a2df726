#!/usr/bin/env node
// Plain JavaScript that any Node can parse: it finds the Node and the build that the rest needs.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;
/**
 * glibc's own defaults keep an arena for each thread and most of what was freed: as much again as the witness needs. It reads
 * these when a process begins, so the program begins once more. Who sets the first one himself is left alone.
 */
const MALLOC = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' };
/** For what is young, in MiB: with less, V8 takes what a request leaves behind for something that stays. */
const HEAP = ['--min-semi-space-size=4', '--max-semi-space-size=4'];
const here = dirname(fileURLToPath(import.meta.url));
const main = join(here, '../../../dist/apps/witness/src/main.js');

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR) {
  const newer = process.env.TALLY_NODE === undefined ? installedNode() : undefined;
  if (newer === undefined) {
    fail(`tally-witness needs Node ${NODE_MAJOR} or newer, this is ${process.versions.node}`);
  } else {
    runWith(newer);
  }
} else if (!existsSync(main)) {
  fail(`tally-witness is not built yet (${main} is missing): run npm run build in the folder of tallystick`);
} else {
  if (process.platform === 'linux' && process.env.MALLOC_ARENA_MAX === undefined) {
    const args = [process.execPath, ...HEAP, ...process.execArgv, ...process.argv.slice(1)];
    process.execve(process.execPath, args, { ...process.env, ...MALLOC });
  }
  await import(main);
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
