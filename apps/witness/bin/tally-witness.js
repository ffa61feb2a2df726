#!/usr/bin/env node
import { launch } from '../../launch.js';

/**
 * glibc's own defaults keep an arena for each thread and most of what was freed: as much again as the witness needs. It reads
 * these when a process begins, so the program begins once more. Who sets the first one himself is left alone.
 */
const MALLOC = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' };
/** For what is young, in MiB: with less, V8 takes what a request leaves behind for something that stays. */
const HEAP = ['--min-semi-space-size=8', '--max-semi-space-size=8'];

await launch('tally-witness', 'witness/src', () => {
  if (process.platform !== 'linux' || process.env.MALLOC_ARENA_MAX !== undefined) return;
  const args = [process.execPath, ...HEAP, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, args, { ...process.env, ...MALLOC });
});
