import { agoHtml, counted, digitsHtml, escapeHtml, htmlPage, timeHtml } from '#libs/server';
import type { LogStatus, WitnessStatus } from './status.js';

/** What a person sees who opens the address of the witness. No scripts; everything that comes from outside is escaped. */
export function statusPage(status: WitnessStatus): string {
  const { name, profile, keys, logs } = status;
  return htmlPage(
    `${name}: witness`,
    `<h1>${escapeHtml(name)}</h1>
<p>A witness: it cosigns the checkpoints of transparency logs, each only if it extends the one before.</p>
<p>${isFine(status) ? '<span class="good">Nothing is wrong.</span>' : '<span class="bad">Something is wrong: somebody should look.</span>'}</p>
${profile === 'development' ? '<p class="bad">Development: its keys prove nothing to anybody else.</p>' : ''}
${frozenAlarm(status)}${outdatedAlarm(status)}${suspicionSection(status)}
<h2>Logs</h2>
<p>${logs.count === 0 ? 'It is not configured for any log yet.' : `${counted(logs.count, 'log')}, ${logs.cosigned.toLocaleString('en')} of them cosigned since ${timeHtml(status.startedAt)}.${logs.count > logs.shown.length ? ` The ${logs.shown.length} cosigned last are shown.` : ''}`}</p>
${logs.shown.length === 0 ? '' : logTable(logs.shown)}
<h2>Keys</h2>
<p class="quiet">Whoever relies on this witness puts these lines into his policy. Compare them with what its operator says elsewhere.</p>
${keys.map((key) => keyBlock(key.algorithm, key.verifierKey)).join('\n')}
${networkSection(status)}
<h2>Answers since ${timeHtml(status.startedAt)}</h2>
${answerTable(status)}
${listSection(status)}
<p class="quiet">The same as JSON: <a href="/status">/status</a>. As of ${timeHtml(status.now)}.</p>`,
  );
}

/** What the head of a column says, where a narrow window has no heads. */
function label(text: string): string {
  return `<span class="label quiet">${text} </span>`;
}

function isFine({ frozen, outdated, answers, lists }: WitnessStatus): boolean {
  const noKeyChanged = lists.every(({ keyChanges }) => keyChanges.count === 0);
  return frozen.length === 0 && outdated.length === 0 && (answers['other-root'] ?? 0) === 0 && noKeyChanged;
}

function frozenAlarm({ frozen }: WitnessStatus): string {
  if (frozen.length === 0) return '';
  const items = frozen.map(({ origin, key, reason, evidencePath }) => {
    const evidence = evidencePath === undefined ? '' : ` <a href="${escapeHtml(evidencePath)}">The evidence.</a>`;
    return `<li><code>${escapeHtml(origin)}</code>: ${escapeHtml(reason)}.${evidence}<br><span class="quiet">key <code>${escapeHtml(key)}</code></span></li>`;
  });
  return `<section class="alarm"><h2>Frozen: ${counted(frozen.length, 'log')}</h2>
<ul>${items.join('')}</ul>
<p>Nothing of them is cosigned until the operator of this witness decides otherwise.</p></section>`;
}

function outdatedAlarm({ outdated }: WitnessStatus): string {
  if (outdated.length === 0) return '';
  const items = outdated.map(({ origin, why }) => `<li><code>${escapeHtml(origin)}</code>: ${escapeHtml(why)}</li>`);
  return `<section class="alarm"><h2>This witness has forgotten something</h2>
<ul>${items.join('')}</ul>
<p>Its data seems to come from a backup, or its key is used elsewhere. It does not cosign these logs.</p></section>`;
}

function suspicionSection({ suspicions }: WitnessStatus): string {
  if (suspicions.length === 0) return '';
  const items = suspicions.map(({ kind, origin, reason, since }) => {
    return `<li><code>${escapeHtml(origin)}</code>: ${escapeHtml(reason)} <span class="quiet">(${escapeHtml(kind)}, since ${timeHtml(since)})</span></li>`;
  });
  return `<section><h2>Looks wrong, and is not proven</h2>
<ul>${items.join('')}</ul>
<p class="quiet">Nothing follows from it by itself: an honest log can come into this too.</p></section>`;
}

function networkSection({ network, peers, now }: WitnessStatus): string {
  if (network === null) return '';
  const rows = peers.map(({ id, address, witness, direction, since }) => {
    const who = witness === null ? `<code>${escapeHtml(id.slice(-12))}</code>` : `<b>${escapeHtml(witness)}</b>`;
    return `<tr><td>${who} <span class="quiet">${direction}</span><br><code>${escapeHtml(address)}</code></td><td class="time">${label('connected')}${agoHtml(since, Date.parse(now))}</td></tr>`;
  });
  const listens = network.addresses.map((address) => `<pre>${escapeHtml(address)}</pre>`).join('\n');
  const table = `<table class="stacked"><thead><tr><th scope="col">Peer</th><th scope="col" class="time">Connected</th></tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table>`;
  return `<h2>Peers</h2>
${rows.length === 0 ? '<p class="bad">It is connected to nobody.</p>' : table}
<p class="quiet">${network.addresses.length === 0 ? 'It listens nowhere, and calls its peers.' : 'Others connect to it at:'}</p>
${listens}`;
}

function logTable(logs: readonly LogStatus[]): string {
  const rows = logs.map(({ origin, size, cosignedAt, checkpointPath, frozen }) => {
    const name = `<code>${escapeHtml(origin)}</code>${frozen ? ' <span class="bad">frozen</span>' : ''}`;
    const link =
      size === null
        ? '<span class="quiet">none yet</span>'
        : `<a href="${escapeHtml(checkpointPath)}">${digitsHtml(size)}</a>`;
    return `<tr><td>${name}</td><td class="number">${label('size')}${link}</td><td class="time">${cosignedAt === null ? '<span class="quiet">–</span>' : label('cosigned') + timeHtml(cosignedAt)}</td></tr>`;
  });
  return `<table class="stacked">
<thead><tr><th scope="col">Log</th><th scope="col" class="number">Size</th><th scope="col" class="time">Cosigned</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`;
}

/** An ML-DSA key is 2 KiB of base64: there for whoever wants it. */
function keyBlock(algorithm: string, verifierKey: string): string {
  if (algorithm === 'ed25519') return `<pre>${escapeHtml(verifierKey)}</pre>`;
  return `<details><summary>ML-DSA-44: <code>${escapeHtml(verifierKey.split('+', 2).join('+'))}…</code></summary><pre>${escapeHtml(verifierKey)}</pre></details>`;
}

const ANSWERS: Readonly<Record<string, string>> = {
  cosigned: 'cosigned',
  conflict: 'another old size than the one cosigned last (409)',
  busy: 'not at this moment (503)',
  'rate-limited': 'more checkpoints than the log may bring (429)',
  unavailable: 'the store was not available (503)',
  'malformed-request': 'malformed (400)',
  'unknown-origin': 'unknown log (404)',
  'untrusted-signature': 'not signed by the log (403)',
  frozen: 'frozen log (404)',
  'record-outdated': 'forgotten by this witness (503)',
  'old-size-above-checkpoint': 'old size above the size (400)',
  'wrong-empty-root': 'a root that no empty tree has (422)',
  'proof-not-empty': 'a proof where there is nothing to prove (422)',
  'other-root': 'another root for the size cosigned last (422): the log has signed two histories',
  inconsistent: 'a consistency proof that does not hold (422)',
};

function answerTable({ answers }: WitnessStatus): string {
  const counts = Object.entries(answers);
  if (counts.length === 0) return '<p>Nobody has asked yet.</p>';
  const rows = counts
    .toSorted(([, one], [, other]) => other - one)
    .map(([outcome, count]) => {
      const said = escapeHtml(ANSWERS[outcome] ?? outcome);
      return `<tr><td>${outcome === 'other-root' ? `<span class="bad">${said}</span>` : said}</td><td class="number">${count.toLocaleString('en')}</td></tr>`;
    });
  return `<table class="narrow"><tbody>\n${rows.join('\n')}\n</tbody></table>`;
}

function listSection({ lists }: WitnessStatus): string {
  if (lists.length === 0) return '';
  const items = lists.map(({ source, logs, takenAt, problem, keyChanges, unusable }) => {
    const taken = takenAt === null ? 'not read yet' : `${counted(logs, 'log')}, read ${timeHtml(takenAt)}`;
    const notes = [
      problem === null ? '' : `<br><span class="bad">${escapeHtml(problem)}</span>`,
      keyChanges.count === 0
        ? ''
        : `<br><span class="bad">names another key for ${counted(keyChanges.count, 'known log')}, which is not followed:</span> ${codes(keyChanges.origins)}`,
      unusable.count === 0
        ? ''
        : `<br>${counted(unusable.count, 'log')} with a key that can't be used: ${codes(unusable.origins)}`,
    ];
    return `<li><code>${escapeHtml(source)}</code>: ${taken}${notes.join('')}</li>`;
  });
  return `<h2>Lists of logs</h2>\n<ul>${items.join('\n')}</ul>`;
}

function codes(names: readonly string[]): string {
  return names.map((name) => `<code>${escapeHtml(name)}</code>`).join(', ');
}
