import { toHex } from '#crypto';
import { utf8Decode } from '#libs/crypto';
import { formatTlogProof } from '#libs/tlog';
import { printResult, type Context } from '../context.js';
import { EXIT } from '../failure.js';
import { openLog, parsePosition, provenEntry } from '../log-view.js';
import { loadTrust } from '../trust-config.js';

/** `tally log prove`: a C2SP tlog-proof, made from tiles and verified before it is printed. */
export async function logProve(index: string, url: string | undefined, context: Context): Promise<number> {
  const position = parsePosition(index, 'the index');
  const view = await openLog(url, await loadTrust(context), context);
  const { proof, leafHash } = await provenEntry(view, position, context);
  const text = utf8Decode(formatTlogProof({ index: position, hashes: proof, checkpoint: view.note }));
  const { origin, size } = view.checkpoint;
  printResult(
    context,
    { log: { origin, treeSize: size }, index: position, leafHash: toHex(leafHash), proof: text },
    text,
  );
  return EXIT.done;
}
