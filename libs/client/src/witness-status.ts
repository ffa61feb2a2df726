import { readMessage, type MessageReader, type MessageRules } from '#libs/entry';
import { expectJson, expectStatus } from './answer.js';
import { exchangePatiently } from './patience.js';
import type { CallOptions } from './exchange.js';
import { ServiceError } from './service-error.js';
import { serviceUrl } from './service-url.js';

/** What a witness says of itself at `/status`, beside what tlog-witness specifies. Hostile, and not everything is there. */
export interface WitnessStatus {
  readonly name: string;
  /** `development` or `production`; empty when it does not say. */
  readonly profile: string;
  readonly startedAt: Date | undefined;
  /** As it writes them; not parsed. */
  readonly verifierKeys: readonly string[];
  readonly logCount: bigint;
  /** Those cosigned last. */
  readonly logs: readonly WitnessedLog[];
  readonly frozen: readonly FrozenLog[];
  /** Logs that it does not cosign, as it has forgotten what it knew. */
  readonly outdated: readonly { readonly origin: string; readonly why: string }[];
  /** Whom it gossips with; undefined when it does not say. */
  readonly peers: readonly WitnessPeer[] | undefined;
}

export interface WitnessedLog {
  readonly origin: string;
  /** Undefined: never cosigned. */
  readonly size: bigint | undefined;
  readonly cosignedAt: Date | undefined;
  readonly frozen: boolean;
}

export interface FrozenLog {
  readonly origin: string;
  /** The accused verifier key. */
  readonly key: string;
  readonly reason: string;
  /** Below the witness's address; undefined when it offers none. */
  readonly evidencePath: string | undefined;
}

export interface WitnessPeer {
  readonly id: string;
  readonly address: string;
  /** The name of the witness that the peer has proven to be; empty for others. */
  readonly witness: string;
}

const MAX_ANSWER_BYTES = 1024 * 1024;
const ITEMS_MAX = 1_000;
const EVIDENCE_MAX_BYTES = 128 * 1024;

const RULES: MessageRules = {
  name: 'status',
  refuse: (message, cause) => new TypeError(message, { cause }),
  unknownFields: 'ignore',
};

/** Undefined when the witness has no such page, which tlog-witness does not ask for. @throws ServiceError */
export async function fetchWitnessStatus(
  witnessUrl: string,
  options?: CallOptions,
): Promise<WitnessStatus | undefined> {
  const answer = await exchangePatiently(
    { service: 'the witness', url: serviceUrl(witnessUrl, 'status'), method: 'GET', maxBytes: MAX_ANSWER_BYTES },
    options,
  );
  if (answer.status === 404 || answer.status === 405) return undefined;
  expectStatus(answer, 200);
  // Some other program's page: as good as none.
  if (!(answer.headers.get('content-type') ?? '').startsWith('application/json')) return undefined;
  return expectJson(answer, 'a status', (json) => readMessage(json, RULES, readStatus));
}

/** An evidence file that a witness offers at a path of its own, not verified. @throws ServiceError */
export async function fetchEvidence(witnessUrl: string, path: string, options?: CallOptions): Promise<Uint8Array> {
  // It is the witness's own: it must not send us elsewhere.
  if (!/^\/[\w./-]*$/.test(path) || path.startsWith('//')) {
    throw new ServiceError('unexpected-answer', `the witness at ${witnessUrl} names evidence by what is no path`);
  }
  const answer = await exchangePatiently(
    {
      service: 'the witness',
      url: serviceUrl(witnessUrl, path.slice(1)),
      method: 'GET',
      maxBytes: EVIDENCE_MAX_BYTES,
    },
    options,
  );
  return expectStatus(answer, 200).body;
}

function readStatus(status: MessageReader): WitnessStatus {
  const logs = status.message('logs', (message) => ({
    count: message.int64('count'),
    shown: message.messages('shown', ITEMS_MAX, readLog),
  }));
  const peers = status.value('peers');
  return {
    name: status.string('name'),
    profile: status.string('profile'),
    startedAt: status.time('startedAt'),
    verifierKeys: status.messages('keys', ITEMS_MAX, (key) => key.string('verifierKey')),
    logCount: logs?.count ?? 0n,
    logs: logs?.shown ?? [],
    frozen: status.messages('frozen', ITEMS_MAX, readFrozen),
    outdated: status.messages('outdated', ITEMS_MAX, (log) => ({
      origin: log.string('origin'),
      why: log.string('why'),
    })),
    peers: Array.isArray(peers) ? status.messages('peers', ITEMS_MAX, readPeer) : undefined,
  };
}

function readLog(log: MessageReader): WitnessedLog {
  return {
    origin: log.string('origin'),
    size: log.value('size') === undefined ? undefined : log.int64('size'),
    cosignedAt: log.time('cosignedAt'),
    frozen: log.value('frozen') === true,
  };
}

function readFrozen(log: MessageReader): FrozenLog {
  return {
    origin: log.string('origin'),
    key: log.string('key'),
    reason: log.string('reason'),
    evidencePath: log.string('evidencePath') || undefined,
  };
}

function readPeer(peer: MessageReader): WitnessPeer {
  return { id: text(peer, 'id') || text(peer, 'peer'), address: text(peer, 'address'), witness: text(peer, 'witness') };
}

/** Empty for anything else: how a witness tells of its peers is its own affair. */
function text(message: MessageReader, name: string): string {
  const value = message.value(name);
  return typeof value === 'string' ? value : '';
}
