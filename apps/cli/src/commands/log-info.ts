import { toHex } from '#crypto';
import { judgeQuorum } from '#libs/verify';
import { printResult, type Context } from '../context.js';
import { EXIT } from '../failure.js';
import { fields, marked, plain } from '../lines.js';
import { openLog } from '../log-view.js';
import { loadPolicy, quorumIn } from '../policy-file.js';
import { findTrust, isDevelopmentOrigin, loadTrust } from '../trust-config.js';
import { cosignedJson, policedFields, policedJson } from '../verdict.js';

/** `tally log info`: the newest checkpoint, verified, and the witnesses that saw it. */
export async function logInfo(
  url: string | undefined,
  options: { readonly policy?: string },
  context: Context,
): Promise<number> {
  const { io } = context;
  const found = await findTrust(context);
  const policy = await loadPolicy(found, options, context);
  const trust = found ?? (policy ? undefined : await loadTrust(context)); // which says what is missing
  const view = await openLog(url, trust, context, policy);
  const { origin, size, root } = view.checkpoint;
  const policed = policy && { policy, quorum: judgeQuorum(policy.policy, view.note) };
  printResult(
    context,
    {
      url: view.url,
      origin,
      size,
      root: toHex(root),
      witnesses: policed && cosignedJson(policed),
      quorum: policed && quorumIn(policed.quorum),
      policy: policed && policedJson(policed),
      checkpoint: new TextDecoder().decode(view.note),
      trust: isDevelopmentOrigin(origin) ? 'development' : 'deployment',
    },
    marked('ok', `${plain(origin)}: the checkpoint verifies`, io.stdout, io.env) +
      fields([
        ['address', view.url],
        ['size', `${size}`],
        ['root', toHex(root)],
        ...(policed ? policedFields(policed) : [['quorum', 'not known: there is no tlog-policy'] as const]),
        ['trust', isDevelopmentOrigin(origin) ? 'development trust, all witnesses under one owner' : undefined],
      ]),
  );
  return EXIT.done;
}
