import { cpus } from 'node:os';
import { markdown, type Table } from './table.js';

const ASSUMPTIONS = `**Modelled.** Honest nodes; the adversary's (share f of all addresses) accept every link and relay nothing, so that a link to one
is a link lost. k open links dialled at random, carried both ways; r reserved links to directory members of different
operators, a share d of which is the adversary's. A log that shows two views: each node asks it every 10 s at its own
phase, or is pushed to; one head a view, never another, which is the least that a fork can show. A head that is new is
passed on at once to the mesh (6 open links, those that end at the adversary included) and to all reserved links; one way
is lognormal, median 50 ms, σ = 0.6; 1 % is lost. Anti-entropy with one random peer every 30 s ± 10 s, and on a return or
a new link. Heads of one size and two roots are evidence at once; of two sizes, when the tiles of the larger tree were
fetched. Evidence travels like heads. Churn with state kept, operators that fail whole, links that end, Sybils that
arrive, a fork that waits, the HTTP pull of witnesses.

**Not modelled.** Bytes and bandwidth, processors (but see the README on real nodes), an adversary that
delays or floods instead of dropping. Also not modelled, and to the adversary's advantage: IHAVE repair, redialling of peers
that are down, peers remembered as good, scoring, further heads of either view, all that nodes could conclude from
silence. Links and victims are chosen at random: an adversary that knows the graph is the case “eclipsed”. That nobody can take a
reserved slot but a dishonest directory member (d) is assumed, not shown.

**Reading.** Times run from the moment at which the log first serves two views. p50 / p95 / p99 are over runs, a run without
detection counts as *never*. “Unseen” is the share of runs in which no honest node held evidence after an hour,
with Wilson's 95 % interval; *know in the end* is the mean share of honest nodes that held it when the run ended
(at 99 %, or after the hour). Run i of a cell has seed + i, in all cells
of a table: the same code gives the same tables.`;

/** All answers as a page. */
export function page(tables: readonly Table[], seconds: number): string {
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model.trim()}, Node ${process.versions.node}`;
  const head = `\`npm run sim\`, ${new Date().toISOString().slice(0, 16)}Z, ${Math.round(seconds)} s, on ${machine}.`;
  return ['# When is a split view found?', '', head, '', ASSUMPTIONS, '', tables.map(markdown).join('\n')].join('\n');
}
