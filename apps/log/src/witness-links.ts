import { join } from 'node:path';
import {
  addCheckpoint,
  addCheckpointBy,
  fetchCosignedCheckpoint,
  ServiceError,
  type AddCheckpointAnswer,
  type CallOptions,
} from '#libs/client';
import { CodedError, utf8Encode } from '#libs/crypto';
import { startNode, type P2pNode } from '#libs/p2p';
import type { ServiceContext } from '#libs/server';
import { parseWitnessReply, WITNESS_PROTOCOLS, type AddCheckpointRequest, type TlogPolicy } from '#libs/tlog';
import type { LogConfig } from './config.js';

/** The way to one witness of the policy. Both calls throw ServiceError when no whole answer comes. */
export abstract class WitnessLink {
  constructor(readonly witness: TlogPolicy['witnesses'][number]) {}

  get name(): string {
    return this.witness.name;
  }

  abstract addCheckpoint(request: AddCheckpointRequest, options: CallOptions): Promise<AddCheckpointAnswer>;

  /** The checkpoint of `origin` that it cosigned last, not yet verified; undefined when there is none. */
  abstract cosignedCheckpoint(origin: string, options: CallOptions): Promise<Uint8Array | undefined>;
}

class HttpLink extends WitnessLink {
  constructor(
    witness: TlogPolicy['witnesses'][number],
    private readonly url: string,
  ) {
    super(witness);
  }

  override addCheckpoint(request: AddCheckpointRequest, options: CallOptions): Promise<AddCheckpointAnswer> {
    return addCheckpoint(this.url, request, options);
  }

  override cosignedCheckpoint(origin: string, options: CallOptions): Promise<Uint8Array | undefined> {
    return fetchCosignedCheckpoint(this.url, origin, options);
  }
}

/** A witness that nobody can call, since it sits behind a NAT: it keeps a connection to us, and is asked over that. */
class PeerLink extends WitnessLink {
  constructor(
    witness: TlogPolicy['witnesses'][number],
    private readonly node: P2pNode,
    private readonly peer: string,
  ) {
    super(witness);
  }

  override addCheckpoint(request: AddCheckpointRequest, options: CallOptions): Promise<AddCheckpointAnswer> {
    return addCheckpointBy(`/p2p/${this.peer}`, request, (body) =>
      this.#ask(WITNESS_PROTOCOLS.addCheckpoint, body, options),
    );
  }

  override async cosignedCheckpoint(origin: string, options: CallOptions): Promise<Uint8Array | undefined> {
    const { status, body } = await this.#ask(WITNESS_PROTOCOLS.cosignedCheckpoint, utf8Encode(origin), options);
    if (status === 404) return undefined;
    if (status === 200) return body;
    throw new ServiceError('unexpected-answer', `the witness ${this.name} answered ${status}`, { status });
  }

  async #ask(protocol: string, body: Uint8Array, options: CallOptions): Promise<ReturnType<typeof parseWitnessReply>> {
    try {
      return parseWitnessReply(await this.node.request(this.peer, protocol, body, options));
    } catch (cause) {
      options.signal?.throwIfAborted();
      if (!(cause instanceof CodedError)) throw cause;
      const code = cause.code === 'timeout' ? 'timeout' : 'unreachable';
      throw new ServiceError(code, `the witness ${this.name}: ${cause.message}`, { cause });
    }
  }
}

/** What a policy says in the place of a URL: `/p2p/<peer ID>`, or where to dial it, `/ip4/…/tcp/…/p2p/<peer ID>`. */
const PEER_ADDRESS = /^(?<dialled>\/.+)?\/p2p\/(?<peer>[1-9A-HJ-NP-Za-km-z]+)$/;

/** The ways to the witnesses of a policy: HTTP, and libp2p for those that the policy gives a peer ID of. */
export class WitnessLinks {
  private constructor(
    readonly all: readonly WitnessLink[],
    private readonly node: P2pNode | undefined,
  ) {}

  /** @throws P2pError for an address or a key file that is no good */
  static async open(
    policy: TlogPolicy | undefined,
    { dataDirectory, p2pKeyFile = join(dataDirectory, 'p2p.key'), p2pListen = [] }: LogConfig,
    { logger, registry }: ServiceContext,
  ): Promise<WitnessLinks> {
    const witnesses = (policy?.witnesses ?? []).filter(({ url }) => url !== undefined);
    const addresses = witnesses.flatMap(({ url = '' }) => (PEER_ADDRESS.test(url) ? [url] : []));
    // Those that call us too: strangers must not be able to keep a witness of the quorum out.
    const expected = addresses.map((address) => PEER_ADDRESS.exec(address)?.groups?.peer ?? '');
    const peers = addresses.filter((address) => PEER_ADDRESS.exec(address)?.groups?.dialled !== undefined);
    let node: P2pNode | undefined;
    if (addresses.length > 0) {
      node = await startNode({ keyFile: p2pKeyFile, listen: p2pListen, peers, expected, logger, registry });
    }
    if (node) logger.info({ addresses: node.addresses() }, 'witnesses without a URL connect here');
    const links = witnesses.map((witness) => {
      const peer = PEER_ADDRESS.exec(witness.url ?? '')?.groups?.peer;
      return node && peer !== undefined ? new PeerLink(witness, node, peer) : new HttpLink(witness, witness.url ?? '');
    });
    return new WitnessLinks(links, node);
  }

  async close(): Promise<void> {
    await this.node?.close();
  }
}
