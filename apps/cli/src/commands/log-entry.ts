import { toHex } from '#crypto';
import { utf8Decode } from '#libs/crypto';
import { printResult, type Context } from '../context.js';
import { EXIT } from '../failure.js';
import { fields, marked } from '../lines.js';
import { loggedEntryFields, loggedEntryJson, readLoggedEntry } from '../logged-entry.js';
import { openLog, parsePosition, provenEntry } from '../log-view.js';
import { loadTrust } from '../trust-config.js';

/** `tally log entry`: one entry, and that it is in the log. */
export async function logEntry(index: string, url: string | undefined, context: Context): Promise<number> {
  const { io } = context;
  const position = parsePosition(index, 'the index');
  const view = await openLog(url, await loadTrust(context), context);
  const { body, leafHash } = await provenEntry(view, position, context);
  const { origin, size } = view.checkpoint;
  const entry = readLoggedEntry(body);
  printResult(
    context,
    {
      log: { origin, url: view.url, treeSize: size },
      index: position,
      leafHash: toHex(leafHash),
      ...loggedEntryJson(entry),
      body: asJson(body),
    },
    marked('ok', `entry ${position} of ${origin}, size ${size}`, io.stdout, io.env) +
      fields([...loggedEntryFields(entry), ['leaf hash', toHex(leafHash)]]),
  );
  return EXIT.done;
}

/** A log may hold anything; what is no JSON is shown in hex. */
function asJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(utf8Decode(body));
  } catch {
    return toHex(body);
  }
}
