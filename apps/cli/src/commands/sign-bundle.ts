import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fromHex } from '#crypto';
import { parseStatement } from '#libs/entry';
import { unreadable } from '../artifact.js';
import { beginSigning } from '../begin-signing.js';
import { printResult, type Context } from '../context.js';
import { EXIT, Failure, reasonOf } from '../failure.js';
import { conformanceTrust } from '../conformance-trust.js';
import { signStatement } from '../sign-statement.js';
import { signedJson, signedText } from '../signed-file.js';
import { signOne } from './sign.js';

export interface SignBundleOptions {
  readonly staging?: boolean;
  readonly inToto?: boolean;
  readonly identityToken: string;
  readonly bundle: string;
  readonly trustedRoot?: string;
  readonly signingConfig?: string;
}

/** `tally sign-bundle`: the protocol of sigstore-conformance (docs/cli_protocol.md). */
export async function signBundle(file: string, options: SignBundleOptions, context: Context): Promise<number> {
  const statement = options.inToto ? await readStatement(file, context) : undefined;
  const trust = await conformanceTrust(options, context);
  const { identity, ...signing } = await beginSigning(
    { read: [file], write: [options.bundle] },
    options,
    context,
    trust,
  );
  const signed =
    statement === undefined
      ? await signOne(file, options.bundle, identity, signing)
      : await signStatement({ ...statement, file }, options.bundle, identity, signing);
  printResult(context, { files: [signedJson(signed)] }, signedText(signed, context));
  return EXIT.done;
}

/** The statement as it is, byte for byte, and the digest of one of its subjects to verify the bundle with. */
async function readStatement(file: string, context: Context): Promise<{ payload: Uint8Array; artifact: Uint8Array }> {
  const payload = await readFile(resolve(context.io.cwd, file)).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  try {
    const digests = parseStatement(payload).subjects.map(({ digest }) => digest.get('sha256'));
    const digest = digests.find((hex) => hex !== undefined);
    if (digest === undefined) throw new TypeError('no subject has a sha256 digest');
    return { payload: new Uint8Array(payload), artifact: fromHex(digest) };
  } catch (cause) {
    throw new Failure('usage', `${file} is not an in-toto statement: ${reasonOf(cause)}`, undefined, { cause });
  }
}
