import type { Context } from './context.js';
import { fields, marked } from './lines.js';
import { verdictFields, verdictJson, type Verified } from './verdict.js';

/** One file that was signed, and the bundle that was verified and written. */
export interface SignedFile extends Verified {
  readonly file: string;
  readonly bundlePath: string;
}

export function signedText(signed: SignedFile, { io }: Context): string {
  return (
    marked('ok', `${signed.file} signed`, io.stdout, io.env) +
    fields([['bundle', signed.bundlePath], ...verdictFields(signed)])
  );
}

export function signedJson(signed: SignedFile): object {
  return { file: signed.file, bundle: signed.bundlePath, ...verdictJson(signed) };
}
