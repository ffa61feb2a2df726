import { Injectable } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { CodedError, utf8Decode, utf8Encode } from '#libs/crypto';
import type { P2pNode } from '#libs/p2p';
import { WITNESS_PROTOCOLS, formatWitnessReply, originHash, type WitnessReply } from '#libs/tlog';
import { AddCheckpoint } from '../cosigning/add-checkpoint.handler.js';
import { outcomeOf } from '../cosigning/answer.js';
import { replyTo } from '../cosigning/reply.js';
import { WitnessMetrics } from '../metrics.js';
import { GetCheckpoint } from '../monitoring/get-checkpoint.handler.js';

const NOT_NOW: WitnessReply = { status: 503, body: utf8Encode('not at this moment\n') };

/** The witness's API for logs that it keeps a connection to, since they can't reach it: the same answers as over HTTP. */
@Injectable()
export class PeerRequestsHandler {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly metrics: WitnessMetrics,
  ) {}

  register(node: P2pNode): void {
    node.handle(WITNESS_PROTOCOLS.addCheckpoint, (body) => answered(() => this.#addCheckpoint(body)));
    node.handle(WITNESS_PROTOCOLS.cosignedCheckpoint, (body) => answered(() => this.#cosignedCheckpoint(body)));
  }

  async #addCheckpoint(body: Uint8Array): Promise<WitnessReply> {
    const since = performance.now();
    const answer = await this.commands.execute(new AddCheckpoint(body));
    this.metrics.answered(outcomeOf(answer), (performance.now() - since) / 1000);
    const { status, body: text } = replyTo(answer);
    return { status, body: utf8Encode(text) };
  }

  async #cosignedCheckpoint(body: Uint8Array): Promise<WitnessReply> {
    const note = await this.queries.execute(new GetCheckpoint(originHash(utf8Decode(body))));
    return note ? { status: 200, body: note } : { status: 404, body: new Uint8Array(0) };
  }
}

/** A store that fails, or a body that is none, must not look like a witness that is gone. */
async function answered(work: () => Promise<WitnessReply>): Promise<Uint8Array> {
  try {
    return formatWitnessReply(await work());
  } catch (error) {
    if (error instanceof CodedError) return formatWitnessReply(NOT_NOW);
    throw error;
  }
}
