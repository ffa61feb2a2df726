import { Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EventStoreError } from '#libs/event-store';
import { HttpError } from '#libs/server';
import { WitnessMetrics } from '../metrics.js';
import { AddCheckpoint } from './add-checkpoint.handler.js';
import { outcomeOf, type AddCheckpointAnswer } from './answer.js';
import { replyTo, retryAfter } from './reply.js';

/** 63 hashes take 3 KiB, a post-quantum signature 5 KiB, and there may be a few. */
const BODY_LIMIT = 64 * 1024;

/** C2SP tlog-witness: the submission prefix. */
@Controller()
export class AddCheckpointController {
  constructor(
    private readonly commands: CommandBus,
    private readonly metrics: WitnessMetrics,
  ) {}

  @Post('add-checkpoint')
  @HttpCode(200)
  @Header('content-type', 'text/plain; charset=utf-8')
  async addCheckpoint(@Body() body: unknown): Promise<string> {
    const since = performance.now();
    if (body instanceof Uint8Array && body.length > BODY_LIMIT) {
      throw new HttpError(413, `a request has at most ${BODY_LIMIT} bytes`);
    }
    // A request without a body has none of any type.
    const answer = await this.#execute(body instanceof Uint8Array ? body : new Uint8Array(0));
    this.metrics.answered(outcomeOf(answer), (performance.now() - since) / 1000);
    const { status, contentType, body: content, headers } = replyTo(answer);
    if (status === 200) return content;
    throw new HttpError(status, content, { headers, body: { contentType, content } });
  }

  async #execute(body: Uint8Array): Promise<AddCheckpointAnswer> {
    try {
      return await this.commands.execute(new AddCheckpoint(body));
    } catch (cause) {
      if (!(cause instanceof EventStoreError)) throw cause;
      this.metrics.answered('unavailable', 0);
      throw new HttpError(503, 'the store is not available', { cause, headers: retryAfter(30) });
    }
  }
}
