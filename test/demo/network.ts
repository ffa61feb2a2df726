import { formatVerifierKey } from '#libs/note';
import type { TlogPolicy } from '#libs/tlog';
import { freePorts } from '../free-ports.js';
import type { PackageIndex } from './package-index.js';
import { WitnessProcess, preparePlace } from './witness-process.js';

export const CITIES = ['Oslo', 'Lima', 'Kyoto', 'Accra', 'Perth'] as const;

export type City = (typeof CITIES)[number];

/** Five witnesses, each in touch with the four others. */
export class Network {
  private constructor(readonly witnesses: readonly WitnessProcess[]) {}

  /** `addressOf` says where a witness reads the tiles of a log, if it knows an address. */
  static async start(
    folder: string,
    logs: readonly PackageIndex[],
    addressOf: (log: PackageIndex, city: string) => string | undefined,
  ): Promise<Network> {
    const port = await freePorts(CITIES.length);
    const places = await Promise.all(CITIES.map((city, i) => preparePlace(city, port + i, folder)));
    const witnesses = await Promise.all(
      places.map((place, i) => {
        const lines = logs.map((log) => `${formatVerifierKey(log.key)} ${addressOf(log, place.city) ?? ''}`.trim());
        // The next two of the ring: one link for each pair.
        const peers = [1, 2].flatMap((next) => places[(i + next) % places.length] ?? []);
        const others = places.filter((other) => other !== place);
        return WitnessProcess.start(place, lines, peers, others);
      }),
    );
    await Promise.all(witnesses.map((witness) => witness.ready(places.length - 1)));
    return new Network(witnesses);
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
    await Promise.all(this.witnesses.map((witness) => witness.stop()));
  }
}
