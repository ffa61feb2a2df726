import { toHex } from '#crypto';
import { evaluatePolicy } from '#libs/tlog';
import { printResult, type Context } from '../context.js';
import { EXIT } from '../failure.js';
import { fields, marked, plain, shownTime } from '../lines.js';
import { openLog } from '../log-view.js';
import { loadPolicy, quorumIn } from '../policy-file.js';
import { isDevelopmentOrigin, loadTrust } from '../trust-config.js';

/** `tally log info`: the newest checkpoint, verified, and the witnesses that saw it. */
export async function logInfo(url: string | undefined, context: Context): Promise<number> {
  const { io } = context;
  const trust = await loadTrust(context);
  const view = await openLog(url, trust, context);
  const { origin, size, root } = view.checkpoint;
  const policy = await loadPolicy(trust, {}, context);
  const verdict = policy === undefined ? undefined : evaluatePolicy(policy.policy, view.note);
  const witnesses = verdict?.witnesses.map(({ name, timestamp }) => ({
    name,
    time: new Date(Number(timestamp) * 1000),
  }));
  printResult(
    context,
    {
      url: view.url,
      origin,
      size,
      root: toHex(root),
      witnesses: witnesses?.map(({ name, time }) => ({ name, time: time.toISOString() })),
      quorum: verdict && quorumIn(verdict),
      checkpoint: new TextDecoder().decode(view.note),
      trust: isDevelopmentOrigin(origin) ? 'development' : 'deployment',
    },
    marked('ok', `${plain(origin)}: the checkpoint verifies`, io.stdout, io.env) +
      fields([
        ['address', view.url],
        ['size', `${size}`],
        ['root', toHex(root)],
        [
          'witnesses',
          witnesses?.map(({ name, time }) => `${plain(name)} cosigned, ${shownTime(time)}`).join('\n') ||
            'none cosigned',
        ],
        ['quorum', verdict === undefined ? 'not known: there is no tlog-policy' : quorumIn(verdict)],
        ['trust', isDevelopmentOrigin(origin) ? 'development trust, all witnesses under one owner' : undefined],
      ]),
  );
  return EXIT.done;
}
