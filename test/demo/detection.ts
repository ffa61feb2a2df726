import { print, say, styled } from './page.js';
import type { Network } from './network.js';
import type { WitnessProcess } from './witness-process.js';

/** Evidence that came from another witness, verified here and taken. */
const TOLD = ['tally_gossip_verdicts_total', 'kind="evidence",verdict="accept"'] as const;

const ALARM = 'an alarm of the monitor reaches the auditor';

/** Watches the witnesses from now on. */
export class Watch {
  private constructor(
    private readonly network: Network,
    private readonly origin: string,
    private readonly toldBefore: readonly number[],
  ) {}

  static async begin(network: Network, origin: string): Promise<Watch> {
    return new Watch(network, origin, await toldCounts(network));
  }

  /** Prints when each witness had the evidence on its disk, and gives the last one. @throws Error when one doesn't notice */
  async report(sinceMs: number, what: string, own: string): Promise<WitnessProcess> {
    const notices = await Promise.all(this.network.witnesses.map((witness) => witness.noticed(this.origin)));
    const told = await toldCounts(this.network);
    const found = this.network.witnesses
      .map((witness, i) => ({
        witness,
        afterMs: (notices[i]?.atMs ?? Number.NaN) - sinceMs,
        how:
          (told[i] ?? 0) > (this.toldBefore[i] ?? 0)
            ? 'was told by another witness, and verified the evidence itself'
            : own,
      }))
      .sort((one, other) => one.afterMs - other.afterMs);
    const alarm = { afterMs: (await this.network.monitor.alarmed(this.origin)) - sinceMs, how: ALARM };
    const events = [...found, { ...alarm, witness: undefined }].sort((one, other) => one.afterMs - other.afterMs);
    timed(0, what);
    for (const { afterMs, witness, how } of events)
      timed(afterMs, witness ? `${styled('bold', witness.city.padEnd(5))}  ${how}` : how);
    const [first, last] = [found[0], found.at(-1)];
    if (!first || !last || !(first.afterMs >= 0)) throw new Error('no witness noticed anything');
    print();
    say(
      `First ${first.witness.city} after ${first.afterMs} ms, last ${last.witness.city} after ${last.afterMs} ms. ` +
        'Each had the evidence on its disk by then.',
    );
    return last.witness;
  }
}

function timed(ms: number, what: string): void {
  print(`   ${`${ms} ms`.padStart(8)}  ${what}`);
}

function toldCounts({ witnesses }: Network): Promise<number[]> {
  return Promise.all(witnesses.map((witness) => witness.metric(...TOLD)));
}
