import { formatVerifierKey } from '#libs/note';
import type { TlogPolicy } from '#libs/tlog';
import { freePorts } from '../free-ports.js';
import { MonitorProcess } from './monitor-process.js';
import type { PackageIndex } from './package-index.js';
import { WitnessProcess, preparePlace } from './witness-process.js';

export const CITIES = ['Oslo', 'Lima', 'Kyoto', 'Accra', 'Perth'] as const;

export type City = (typeof CITIES)[number];

/** Five witnesses, each in touch with the four others, and a monitor. */
export class Network {
  private constructor(
    readonly witnesses: readonly WitnessProcess[],
    readonly monitor: MonitorProcess,
  ) {}

  /** `addressOf` says where a node reads the tiles of a log, if it knows an address. */
  static async start(
    folder: string,
    logs: readonly PackageIndex[],
    addressOf: (log: PackageIndex, city: string) => string | undefined,
  ): Promise<Network> {
    const port = await freePorts(CITIES.length);
    const places = await Promise.all(CITIES.map((city, i) => preparePlace(city, port + i, folder)));
    const linesFor = (city: string): string[] =>
      logs.map((log) => `${formatVerifierKey(log.key)} ${addressOf(log, city) ?? ''}`.trim());
    const witnesses = await Promise.all(
      places.map((place, i) => {
        const lines = linesFor(place.city);
        // The next two of the ring: one link for each pair.
        const peers = [1, 2].flatMap((next) => places[(i + next) % places.length] ?? []);
        const others = places.filter((other) => other !== place);
        return WitnessProcess.start(place, lines, peers, others);
      }),
    );
    const told = places.slice(0, 2);
    const monitor = await MonitorProcess.start(folder, linesFor('the monitor'), told);
    const network = new Network(witnesses, monitor);
    try {
      const others = witnesses.map((witness) => witness.ready(places.length - 1));
      await Promise.all([...others, monitor.ready(told.length)]);
    } catch (error) {
      await network.stop().catch(() => undefined); // the first error says more
      throw error;
    }
    return network;
  }

  of(...cities: readonly City[]): WitnessProcess[] {
    return this.witnesses.filter(({ city }) => cities.some((wanted) => wanted === city));
  }

  /** The policy of a client that demands so many of the five. */
  policy(log: PackageIndex, threshold: number): TlogPolicy {
    const witnesses = this.witnesses.map(({ city, place }) => ({ name: city, key: place.key }));
    return {
      logs: [{ key: log.key }],
      witnesses,
      groups: threshold === 0 ? [] : [{ name: 'enough', threshold, members: witnesses.map(({ name }) => name) }],
      quorum: threshold === 0 ? 'none' : 'enough',
    };
  }

  async stop(): Promise<void> {
    const ends = await Promise.allSettled([...this.witnesses, this.monitor].map((process) => process.stop()));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }
}
