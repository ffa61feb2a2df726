import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether there is an openssl to hold our output against; where not, its tests are skipped. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** Runs openssl in a new folder that holds `files`. */
export function openssl(
  files: Readonly<Record<string, Uint8Array | string>>,
  ...args: readonly string[]
): { status: number | null; output: string; stdout: Uint8Array } {
  const cwd = mkdtempSync(join(tmpdir(), 'openssl-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content);
  const { status, stdout, stderr } = spawnSync('openssl', args, { cwd });
  return { status, output: `${stdout}${stderr}`, stdout: new Uint8Array(stdout) };
}
