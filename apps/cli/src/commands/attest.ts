import { readFile, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { utf8Decode } from '#libs/crypto';
import { hashFile, unreadable } from '../artifact.js';
import { beginSigning } from '../begin-signing.js';
import { bundlePathOf } from '../bundle-file.js';
import { printResult, type Context } from '../context.js';
import { Failure, reasonOf } from '../failure.js';
import type { IdentityOptions } from '../identity/resolve-identity.js';
import { signStatement } from '../sign-statement.js';
import { exitOfSigned, signedJson, signedText } from '../signed-file.js';
import { encodeStatement, predicateType } from '../statement.js';

export interface AttestOptions extends IdentityOptions {
  readonly predicate: string;
  readonly type: string;
  readonly bundle?: string;
}

const MAX_PREDICATE_BYTES = 64 * 1024 * 1024;

/** `tally attest`: an in-toto statement about one file. */
export async function attest(file: string, options: AttestOptions, context: Context): Promise<number> {
  const type = predicateType(options.type);
  const predicate = await readPredicate(options.predicate, context);
  const sha256 = await hashFile(file, 'sha256', context);
  const payload = encodeStatement({ name: basename(file), sha256, predicateType: type, predicate });
  const bundlePath = options.bundle ?? bundlePathOf(file);
  const { identity, ...signing } = await beginSigning({ read: [], write: [bundlePath] }, options, context);
  const signed = await signStatement({ payload, artifact: sha256, file }, bundlePath, identity, signing);
  printResult(context, { files: [signedJson(signed)] }, signedText(signed, context));
  return exitOfSigned([signed], context);
}

async function readPredicate(path: string, context: Context): Promise<unknown> {
  const absolute = resolve(context.io.cwd, path);
  const bytes = await stat(absolute)
    .then(({ size }) => {
      if (size > MAX_PREDICATE_BYTES)
        throw new Failure('usage', `${path} has ${size} bytes, a predicate may have ${MAX_PREDICATE_BYTES}`);
      return readFile(absolute);
    })
    .catch((cause: unknown) => {
      throw cause instanceof Failure ? cause : unreadable(path, cause);
    });
  let predicate: unknown;
  try {
    predicate = JSON.parse(utf8Decode(bytes));
  } catch (cause) {
    throw new Failure('usage', `${path} is not JSON: ${reasonOf(cause)}`, 'a predicate is a JSON object', { cause });
  }
  if (typeof predicate === 'object' && predicate !== null && !Array.isArray(predicate)) return predicate;
  throw new Failure('usage', `${path} is not a JSON object`, 'a predicate is a JSON object');
}
