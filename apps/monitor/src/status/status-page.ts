import { agoHtml, counted, digitsHtml, escapeHtml, htmlPage, timeHtml } from '#libs/server';
import type { AlarmKind, PublicAlarm } from '../alarms/alarm.js';
import type { LogStatus, MonitorStatus, ViewStatus } from './status.js';

const TITLES: Readonly<Record<AlarmKind, string>> = {
  evidence: 'Two histories under one key',
  rollback: 'The log has become smaller',
  unproven: 'A head without a proof',
  suspicion: 'Something looks odd, and is not proven',
  unreachable: 'The log can’t be reached',
  'no-quorum': 'No quorum',
  stale: 'The checkpoint is old',
  'view-behind': 'A view is behind, or silent',
};

const VIEW_NAMES: Readonly<Record<ViewStatus['kind'], string>> = {
  log: 'the log',
  mirror: 'mirror',
  witness: 'witness',
};

const REFRESH_SECONDS = 30;

/** What a person sees who opens the address of the monitor. Everything that comes from outside is escaped. */
export function statusPage(status: MonitorStatus): string {
  const { name, logs, alarms } = status;
  const nowMs = Date.parse(status.now);
  return htmlPage(
    `${alarms.length === 0 ? '' : `(${alarms.length}) `}${name}: monitor`,
    `<h1>${escapeHtml(name)}</h1>
<p>A monitor: it follows transparency logs, their copies and what witnesses tell each other, and says when they don’t tally.
${overall(status)}</p>
${alarms
  .toSorted(byWeight)
  .map((alarm) => alarmBox(alarm, nowMs))
  .join('\n')}
<h2>Logs</h2>
${logs.length > 1 ? logTable(logs, nowMs) : ''}
${logs.map((log, i) => logSection(log, `log-${i + 1}`, nowMs)).join('\n')}
${gossipSection(status)}
${webhookSection(status)}
<p class="quiet">For programs: <a href="/status">/status</a>, <a href="/alarms">/alarms</a> (those that are over, too),
<a href="/evidence">/evidence</a>, <a href="/metrics">/metrics</a>. Running since ${timeHtml(status.startedAt)}, this is as of ${timeHtml(status.now)}.</p>`,
    REFRESH_SECONDS,
  );
}

function overall({ alarms, logs }: MonitorStatus): string {
  if (alarms.some(({ kind }) => kind === 'evidence')) return '<span class="bad">A key is convicted.</span>';
  if (alarms.length > 0) return `<span class="bad">${counted(alarms.length, 'alarm')}.</span>`;
  const silent = logs.filter(({ verified }) => verified === null).length;
  if (silent === 0) return '<span class="good">Everything tallies.</span>';
  return `<span class="warn">Nothing is verified yet of ${counted(silent, 'log')}.</span>`;
}

/** What is proven first, then what is worse; of equals the newest, as they come. */
function byWeight(a: PublicAlarm, b: PublicAlarm): number {
  const weight = ({ kind, severity }: PublicAlarm): number => (kind === 'evidence' ? 0 : severity === 'error' ? 1 : 2);
  return weight(a) - weight(b);
}

function alarmBox({ kind, severity, origin, message, since, evidence }: PublicAlarm, nowMs: number): string {
  const link =
    evidence === null
      ? ''
      : `<p><a href="${escapeHtml(evidence)}">The evidence</a>, which anybody can check: <code>tally evidence verify FILE</code></p>`;
  return `<section class="alarm${severity === 'warn' ? ' lesser' : ''}">
<h3 class="${severity === 'warn' ? 'warn' : 'bad'}">${TITLES[kind]}: ${escapeHtml(origin)}</h3>
<p>${escapeHtml(message)}</p>
${link}<p class="quiet">${escapeHtml(kind)}, since ${timeHtml(since)} (${agoHtml(since, nowMs)})</p>
</section>`;
}

function logTable(logs: readonly LogStatus[], nowMs: number): string {
  const rows = logs.map(({ origin, verified, checkpointTime, policies, views, convicted }, i) => {
    // A witness that has nothing of this log is no view of it.
    const showing = views.filter(({ problem, size, seenAt }) => problem !== null || size !== null || seenAt === null);
    const well = showing.filter(({ problem, size }) => problem === null && size !== null).length;
    const size = verified === null ? '<span class="quiet">–</span>' : digitsHtml(verified.size);
    const answering = showing.length === 0 ? '–' : `${well} of ${showing.length}`;
    return `<tr><td><a href="#log-${i + 1}"><code>${escapeHtml(origin)}</code></a>${convicted.length > 0 ? ' <span class="bad">convicted</span>' : ''}</td>
<td class="number">${size}</td><td class="time wide">${checkpointTime === null ? '<span class="quiet">–</span>' : agoHtml(checkpointTime, nowMs)}</td>
<td class="time">${quorumOf(policies)}</td><td class="number time wide">${well < showing.length ? `<span class="warn">${answering}</span>` : answering}</td></tr>`;
  });
  return `<div class="scroll"><table>
<thead><tr><th scope="col">Log</th><th scope="col" class="number">Entries</th><th scope="col" class="wide">Checkpoint</th><th scope="col">Quorum</th><th scope="col" class="number wide">Views</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>`;
}

function quorumOf(policies: LogStatus['policies']): string {
  if (policies.length === 0) return '<span class="quiet">no policy</span>';
  if (policies.some(({ met }) => met === false)) return '<span class="bad">missing</span>';
  return policies.some(({ met }) => met === null) ? '<span class="quiet">–</span>' : '<span class="good">yes</span>';
}

function logSection(log: LogStatus, id: string, nowMs: number): string {
  const { origin, verified, checkpointTime, policies, convicted, unlinkedHeads } = log;
  return `<section class="box" id="${id}">
<h3><code>${escapeHtml(origin)}</code></h3>
${convicted.map((key) => `<p class="bad">Convicted: nothing that <code>${escapeHtml(key)}</code> signs is followed any more.</p>`).join('\n')}
<p>${verified === null ? 'Nothing is verified yet.' : verifiedText(log, verified, nowMs)}
${checkpointTime === null ? '' : `Its checkpoint is of ${timeHtml(checkpointTime)}.`}
${unlinkedHeads > 0 ? `<span class="warn">Without a proof so far: ${counted(unlinkedHeads, 'head')}.</span>` : ''}</p>
${policies.map(policyLine).join('\n')}
${viewTable(log, nowMs)}
${verified === null ? '' : `<p class="quiet">root <code>${escapeHtml(verified.root)}</code></p>`}
</section>`;
}

function verifiedText(
  { convicted }: LogStatus,
  { size, since }: NonNullable<LogStatus['verified']>,
  nowMs: number,
): string {
  if (size === '0') return 'It is empty so far.';
  const entries = size === '1' ? '1 entry' : `${digitsHtml(size)} entries`;
  if (convicted.length > 0) return `It was followed up to ${entries}.`;
  return `${entries}, verified to be one history${since === null ? '' : ` ${agoHtml(since, nowMs)}`}.`;
}

function policyLine({ name, met, witnesses, witnessCount }: LogStatus['policies'][number]): string {
  const file = name.slice(name.lastIndexOf('/') + 1);
  const verdict =
    met === null
      ? 'not seen yet'
      : met
        ? '<span class="good">has its quorum</span>'
        : '<span class="bad">has no quorum</span>';
  const who = witnesses.length === 0 ? '' : ` (${witnesses.map(escapeHtml).join(', ')})`;
  return `<p>By <code>${escapeHtml(file)}</code> it ${verdict}: cosigned by ${witnesses.length} of ${counted(witnessCount, 'witness', 'es')}${who}.</p>`;
}

function viewTable({ views, verified }: LogStatus, nowMs: number): string {
  if (views.length === 0) return '<p class="quiet">No address of it is configured: it is known by gossip only.</p>';
  const rows = views.map(({ kind, name, url, size, root, seenAt, problem, failingSince }) => {
    const address = `<code>${escapeHtml(url)}</code>`;
    const where = kind === 'witness' ? `${escapeHtml(name)}<br>${address}` : address;
    const other = size !== null && size === verified?.size && root !== verified.root;
    const shown = size === null ? `<span class="quiet">${seenAt === null ? '–' : 'none'}</span>` : digitsHtml(size);
    const state =
      problem !== null
        ? `<span class="warn">failing</span><br>${agoHtml(failingSince ?? '', nowMs)}`
        : seenAt === null
          ? '<span class="quiet">not yet</span>'
          : agoHtml(seenAt, nowMs);
    const trouble = problem === null ? '' : `<br><span class="quiet">${escapeHtml(problem)}</span>`;
    return `<tr><td class="any"><span class="quiet">${VIEW_NAMES[kind]}</span> ${where}${trouble}</td>
<td class="number">${shown}${other ? '<br><span class="bad">another tree</span>' : ''}</td><td class="time">${state}</td></tr>`;
  });
  return `<div class="scroll"><table>
<thead><tr><th scope="col">View</th><th scope="col" class="number">Entries</th><th scope="col">Seen</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>`;
}

function gossipSection({ gossip }: MonitorStatus): string {
  if (gossip === null) return '<h2>Gossip</h2>\n<p>None is configured (<code>peer</code>, <code>p2p</code>).</p>';
  const peers = gossip.peers.map(
    ({ id, address, witness }) =>
      `<li>${witness === null ? '' : `${escapeHtml(witness)}, `}<code>${escapeHtml(address.includes(id) ? address : `${address}/p2p/${id}`)}</code></li>`,
  );
  const own = gossip.addresses.map((address) => `<code>${escapeHtml(address)}</code>`).join(', ');
  return `<h2>Gossip</h2>
<p>${peers.length === 0 ? '<span class="warn">No peer is connected.</span>' : `Connected to ${counted(peers.length, 'peer')}.`} ${own === '' ? 'It only dials.' : `It listens on ${own}.`}</p>
${peers.length === 0 ? '' : `<ul>${peers.join('')}</ul>`}`;
}

function webhookSection({ webhook }: MonitorStatus): string {
  if (webhook === null || (webhook.problem === null && webhook.waiting === 0)) return '';
  const problem = webhook.problem === null ? '' : ` <span class="bad">${escapeHtml(webhook.problem)}</span>`;
  return `<h2>Webhook</h2>\n<p>${counted(webhook.waiting, 'message')} not delivered yet.${problem}</p>`;
}
