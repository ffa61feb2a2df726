import { signFile } from '../artifact.js';
import { beginSigning } from '../begin-signing.js';
import { bundlePathOf, writeBundle } from '../bundle-file.js';
import { printResult, type Context } from '../context.js';
import { Failure } from '../failure.js';
import type { IdentityOptions } from '../identity/resolve-identity.js';
import { exitOfSigned, signedJson, signedText, type SignedFile } from '../signed-file.js';
import { log, type SigningContext, type SigningIdentity } from '../signing.js';

export interface SignOptions extends IdentityOptions {
  readonly bundle?: string;
}

/** Entries on their way at the same time: a log answers all of a round together. */
const CONCURRENCY = 16;

/** `tally sign`: one certificate for all files, one bundle for each. */
export async function sign(files: readonly string[], options: SignOptions, context: Context): Promise<number> {
  if (options.bundle !== undefined && files.length > 1) {
    throw new Failure(
      'usage',
      '--bundle names one bundle, and there are several files',
      'leave it out: each gets its FILE.sigstore.json',
    );
  }
  const bundlePath = (file: string): string => options.bundle ?? bundlePathOf(file);
  const { identity, ...signing } = await beginSigning({ read: files, write: files.map(bundlePath) }, options, context);
  const done: SignedFile[] = [];
  for (let i = 0; i < files.length; i += CONCURRENCY) {
    const outcomes = await Promise.allSettled(
      files.slice(i, i + CONCURRENCY).map((file) => signOne(file, bundlePath(file), identity, signing)),
    );
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') continue;
      done.push(outcome.value);
      if (!context.json) context.io.stdout.write(signedText(outcome.value, context));
    }
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
  const exit = exitOfSigned(done, context);
  if (context.json) printResult(context, { files: done.map(signedJson), exit }, '');
  return exit;
}

/** Signs one file as a message and writes its bundle. */
export async function signOne(
  file: string,
  bundlePath: string,
  identity: SigningIdentity,
  signing: SigningContext,
): Promise<SignedFile> {
  const { digest, signature } = await signFile(file, identity.key, signing.context);
  const content = { kind: 'message-signature', digest, digestAlgorithm: 'sha256', signature } as const;
  const { bundle, ...verified } = await log(identity, { digest, signature, content, artifact: digest }, signing);
  await writeBundle(bundlePath, bundle, signing.context);
  return { file, bundlePath, ...verified };
}
