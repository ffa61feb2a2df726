import { toBase64, toHex } from '#crypto';
import { printResult, type Context } from '../context.js';
import { EXIT, Failure } from '../failure.js';
import { fields, marked, plain } from '../lines.js';
import { openLog, parsePosition, provenConsistency } from '../log-view.js';
import { loadTrust } from '../trust-config.js';

/** `tally log consistency`: both roots, proven to be prefixes of the signed checkpoint, and the proof between them. */
export async function logConsistency(
  oldSize: string,
  newSize: string,
  url: string | undefined,
  context: Context,
): Promise<number> {
  const { io } = context;
  const from = parsePosition(oldSize, 'the old size');
  const to = parsePosition(newSize, 'the new size');
  if (from > to)
    throw new Failure('usage', `the old size ${from} is larger than the new size ${to}`, 'a log only grows');
  const view = await openLog(url, await loadTrust(context), context);
  const { oldRoot, newRoot, proof } = await provenConsistency(view, from, to, context);
  printResult(
    context,
    {
      log: { origin: view.checkpoint.origin, url: view.url, treeSize: view.checkpoint.size },
      old: { size: from, root: toHex(oldRoot) },
      new: { size: to, root: toHex(newRoot) },
      proof: proof.map(toBase64),
    },
    marked('ok', `${plain(view.checkpoint.origin)}: size ${from} is a prefix of size ${to}`, io.stdout, io.env) +
      fields([
        ['old root', toHex(oldRoot)],
        ['new root', toHex(newRoot)],
        ['proof', proof.map(toBase64).join('\n') || 'empty'],
        ['linked to', `the signed checkpoint of size ${view.checkpoint.size}`],
      ]),
  );
  return EXIT.done;
}
