import type { Observer as GossipObserver } from '#libs/gossip';
import { formatVerifierKey } from '#libs/note';
import { originHash } from '#libs/tlog';
import type { Cosigner } from '../cosigning/cosigner.js';
import type { Heads } from '../cosigning/heads.js';
import type { LatestCosigned } from '../cosigning/latest-cosigned.js';
import type { FrozenLog, Observer } from '../cosigning/observer.js';
import type { Network } from '../gossip/network.js';
import type { KnownLogs } from '../logs/known-logs.js';
import type { ListFollower } from '../logs/list-follower.js';
import type { OutdatedRecords } from '../lookback/outdated.js';
import type { WitnessMetrics } from '../metrics.js';

/** Logs that are shown; of more, how many there are. */
export const SHOWN_LOGS = 100;
/** Of problems of one kind. */
const SHOWN_PROBLEMS = 20;

/** What `/status` answers. Names may be added; those that are here keep their meaning. */
export interface WitnessStatus {
  readonly schema: 'tally/witness-status/v1';
  readonly name: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly now: string;
  readonly profile: string;
  readonly keys: readonly { readonly algorithm: 'ed25519' | 'ml-dsa-44'; readonly verifierKey: string }[];
  readonly logs: {
    readonly count: number;
    /** Logs that were cosigned since the start. */
    readonly cosigned: number;
    /** The ones cosigned last, newest first, then others; at most 100. */
    readonly shown: readonly LogStatus[];
  };
  /** Answers to add-checkpoint since the start, by outcome. */
  readonly answers: Readonly<Record<string, number>>;
  readonly frozen: readonly FrozenLog[];
  readonly outdated: readonly { readonly origin: string; readonly why: string }[];
  /** What looks wrong and is not proven. */
  readonly suspicions: readonly {
    readonly kind: string;
    readonly origin: string;
    readonly reason: string;
    /** ISO 8601. */
    readonly since: string;
  }[];
  /** Null without gossip. */
  readonly network: { readonly peerId: string; readonly addresses: readonly string[] } | null;
  readonly peers: readonly {
    readonly id: string;
    readonly address: string;
    readonly direction: 'inbound' | 'outbound';
    /** The name of the configured witness that it is, by a note that its key has signed. */
    readonly witness: string | null;
    readonly since: string;
  }[];
  readonly lists: readonly {
    readonly source: string;
    readonly logs: number;
    readonly takenAt: string | null;
    readonly problem: string | null;
    /** Logs for which the list names another key than the one that is known, and that is not followed. */
    readonly keyChanges: { readonly count: number; readonly origins: readonly string[] };
    readonly unusable: { readonly count: number; readonly origins: readonly string[] };
  }[];
}

export interface LogStatus {
  readonly origin: string;
  /** Decimal, since sizes go beyond what JSON numbers hold; null: never cosigned. */
  readonly size: string | null;
  /** ISO 8601: the time in the last cosignature. */
  readonly cosignedAt: string | null;
  /** Below this witness: the checkpoint cosigned last. */
  readonly checkpointPath: string;
  readonly frozen: boolean;
}

export interface StatusParts {
  readonly profile: string;
  readonly cosigner: Cosigner;
  readonly heads: Heads;
  readonly latest: LatestCosigned;
  readonly logs: KnownLogs;
  readonly lists: readonly ListFollower[];
  readonly observer: Observer;
  readonly gossip: GossipObserver;
  readonly network: Network;
  readonly outdated: OutdatedRecords;
  readonly metrics: WitnessMetrics;
}

/** How the witness is, for people and for programs. */
export class Status {
  readonly #startedAt = new Date();

  constructor(private readonly parts: StatusParts) {}

  /** @throws EventStoreError */
  async read(): Promise<WitnessStatus> {
    const { cosigner, latest, logs, lists, observer, gossip, network, outdated, metrics, profile } = this.parts;
    const frozen = observer.frozen();
    return {
      schema: 'tally/witness-status/v1',
      name: cosigner.name,
      profile,
      startedAt: this.#startedAt.toISOString(),
      now: new Date().toISOString(),
      keys: cosigner.keys.map((key, i) => ({
        algorithm: i === 0 ? 'ed25519' : 'ml-dsa-44',
        verifierKey: formatVerifierKey(key),
      })),
      logs: {
        count: logs.count,
        cosigned: latest.count,
        shown: await this.#shownLogs(new Set(frozen.map(({ origin }) => origin))),
      },
      answers: metrics.answers(),
      frozen: frozen.slice(0, SHOWN_LOGS),
      outdated: outdated
        .all()
        .slice(0, SHOWN_LOGS)
        .map(({ origin, why }) => ({ origin, why })),
      suspicions: gossip
        .suspected()
        .slice(0, SHOWN_LOGS)
        .map(({ suspicion: { kind, origin, reason }, sinceMs }) => {
          return { kind, origin, reason, since: new Date(sinceMs).toISOString() };
        }),
      network: network.peerId === undefined ? null : { peerId: network.peerId, addresses: network.addresses },
      peers: network.peers().map(({ id, address, direction, witness, since }) => {
        return { id, address, direction, witness: witness?.name ?? null, since: since.toISOString() };
      }),
      lists: lists.map((list) => {
        const { source, logs: count, takenAt, problem, keyChanges, unusable } = list.status();
        return {
          source,
          logs: count,
          takenAt: takenAt?.toISOString() ?? null,
          problem: problem ?? null,
          keyChanges: some(keyChanges.map(({ origin }) => origin)),
          unusable: some(unusable),
        };
      }),
    };
  }

  async #shownLogs(frozen: ReadonlySet<string>): Promise<LogStatus[]> {
    const { heads, logs, latest } = this.parts;
    const origins = new Set(latest.newest(SHOWN_LOGS));
    for (const { origin } of logs.all()) {
      if (origins.size >= SHOWN_LOGS) break;
      origins.add(origin);
    }
    const shown: LogStatus[] = [];
    for (const origin of origins) {
      const hash = originHash(origin);
      const { cosigned } = await heads.load(hash);
      shown.push({
        origin,
        size: cosigned ? String(cosigned.size) : null,
        cosignedAt: cosigned ? new Date(Number(cosigned.timestamp) * 1000).toISOString() : null,
        checkpointPath: `/${hash}/checkpoint`,
        frozen: frozen.has(origin),
      });
    }
    return shown;
  }
}

function some(origins: readonly string[]): { count: number; origins: readonly string[] } {
  return { count: origins.length, origins: origins.slice(0, SHOWN_PROBLEMS) };
}
