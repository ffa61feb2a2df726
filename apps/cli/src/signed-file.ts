import { note, type Context } from './context.js';
import { EXIT } from './failure.js';
import { fields, marked, shellWord, typed } from './lines.js';
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

/** Signed and written, and yet nobody who demands the quorum will accept it: that is told, with the way on. */
export function exitOfSigned(files: readonly SignedFile[], context: Context): number {
  const lacking = files.filter(({ policed }) => policed && !policed.quorum.met);
  if (lacking.length === 0) return EXIT.done;
  const stranger = lacking.find(({ policed }) => policed?.quorum.otherLog)?.policed?.policy.source;
  if (stranger !== undefined) {
    note(
      context,
      `signed and logged, but ${stranger} does not name this log: tally verify refuses it under that policy`,
    );
    return EXIT['no-quorum'];
  }
  note(context, 'signed and logged, but the checkpoint does not have the witness quorum. When the witnesses are back:');
  for (const { bundlePath } of lacking) {
    note(context, `  ${typed('tally', context.io.env)} bundle upgrade ${shellWord(bundlePath)}`);
  }
  return EXIT['no-quorum'];
}
