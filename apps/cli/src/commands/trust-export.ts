import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { formatJson, printResult, type Context } from '../context.js';
import { EXIT, Failure } from '../failure.js';
import { loadPolicy } from '../policy-file.js';
import { loadTrust, type Trust } from '../trust-config.js';

export interface TrustExportOptions {
  readonly trustedRoot?: boolean;
  readonly signingConfig?: boolean;
  readonly policy?: boolean;
  readonly dir?: string;
}

interface Part {
  readonly file: string;
  readonly text: string;
}

/** `tally trust export`: the parts as other clients read them, each with all that was written in it. */
export async function trustExport(options: TrustExportOptions, context: Context): Promise<number> {
  const trust = await loadTrust(context);
  const policy = await loadPolicy(trust, {}, context);
  const all = !options.trustedRoot && !options.signingConfig && !options.policy;
  const parts = [
    part('trusted_root.json', asText(trust.json.trustedRoot), options.trustedRoot ?? false, all, trust),
    part('signing_config.v0.2.json', asText(trust.json.signingConfig), options.signingConfig ?? false, all, trust),
    part('tlog-policy', policy?.text, options.policy ?? false, all, trust),
  ].flat();

  if (options.dir !== undefined) return writeParts(parts, options.dir, context);
  const [first, ...others] = parts;
  if (first === undefined || others.length > 0) {
    throw new Failure(
      'usage',
      'stdout has room for one part',
      'choose --trusted-root, --signing-config or --policy, or write them all into a folder with --dir',
    );
  }
  printResult(context, { source: trust.source, file: first.file, content: first.text }, first.text);
  return EXIT.done;
}

async function writeParts(parts: readonly Part[], dir: string, context: Context): Promise<number> {
  const folder = resolve(context.io.cwd, dir);
  await mkdir(folder, { recursive: true });
  for (const { file, text } of parts) await writeFile(join(folder, file), text);
  const files = parts.map(({ file }) => join(dir, file));
  printResult(context, { files }, files.map((file) => `${file}\n`).join(''));
  return EXIT.done;
}

/** None or one: what was asked for must be there, what is taken with all the others may be missing. */
function part(file: string, text: string | undefined, wanted: boolean, all: boolean, trust: Trust): Part[] {
  if (!wanted && !all) return [];
  if (text !== undefined) return [{ file, text }];
  if (all) return [];
  throw new Failure('no-trust', `${trust.source} comes without a ${file}`);
}

function asText(json: unknown): string | undefined {
  return json === undefined ? undefined : formatJson(json as object);
}
