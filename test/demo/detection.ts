import { entry, print, say, styled } from './page.js';
import type { Network } from './network.js';
import type { WitnessProcess } from './witness-process.js';

/** Evidence that came from another witness, verified here and taken. */
const TOLD = ['tally_gossip_verdicts_total', 'kind="evidence",verdict="accept"'] as const;

export interface Detection {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly first: WitnessProcess;
  readonly last: WitnessProcess;
}

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

  /** Waits for every witness, and prints when each had the evidence on its disk. @throws Error when one doesn't notice */
  async report(sinceMs: number, what: string, own: string): Promise<Detection> {
    const notices = await Promise.all(this.network.witnesses.map((witness) => witness.noticed(this.origin)));
    const told = await toldCounts(this.network);
    const rows = this.network.witnesses
      .map((witness, i) => ({
        witness,
        afterMs: (notices[i]?.atMs ?? Number.NaN) - sinceMs,
        told: (told[i] ?? 0) > (this.toldBefore[i] ?? 0),
      }))
      .sort((one, other) => one.afterMs - other.afterMs);
    entry('    0 ms', what, 8);
    for (const { witness, afterMs, told } of rows) {
      const how = told ? 'was told by another witness, and verified the evidence itself' : own;
      print(`   ${`${afterMs} ms`.padStart(8)}  ${styled('bold', witness.city.padEnd(6))} ${how}`);
    }
    const [first, last] = [rows[0], rows.at(-1)];
    if (!first || !last || !(first.afterMs >= 0)) throw new Error('no witness noticed anything');
    print();
    say(
      `First ${first.witness.city} after ${first.afterMs} ms, last ${last.witness.city} after ${last.afterMs} ms. ` +
        'By then each had the evidence on its disk.',
    );
    return { firstMs: first.afterMs, lastMs: last.afterMs, first: first.witness, last: last.witness };
  }
}

function toldCounts({ witnesses }: Network): Promise<number[]> {
  return Promise.all(witnesses.map((witness) => witness.metric(...TOLD)));
}
