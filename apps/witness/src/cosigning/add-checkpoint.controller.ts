import { Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EventStoreError } from '#libs/event-store';
import { HttpError } from '#libs/server';
import { WitnessMetrics } from '../metrics.js';
import { AddCheckpoint } from './add-checkpoint.handler.js';
import { outcomeOf, type AddCheckpointAnswer } from './answer.js';
import { REFUSALS } from './refusal.js';

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
    // A request without a body has none of any type.
    const answer = await this.#execute(body instanceof Uint8Array ? body : new Uint8Array(0));
    this.metrics.answered(outcomeOf(answer), (performance.now() - since) / 1000);
    switch (answer.kind) {
      case 'cosigned':
        return answer.lines;
      case 'conflict': {
        // tlog-witness: the size that we know, so that the log can try again from there.
        const body = { contentType: 'text/x.tlog.size', content: `${answer.size}\n` };
        throw new HttpError(409, 'the old size is not that of the checkpoint cosigned last', { body });
      }
      case 'refused':
        throw new HttpError(REFUSALS[answer.reason], answer.message);
      case 'busy':
        throw new HttpError(503, answer.message, retryAfter(answer.retryAfterSeconds));
      case 'rate-limited':
        throw new HttpError(429, 'more checkpoints than the log may bring', retryAfter(answer.retryAfterSeconds));
    }
  }

  async #execute(body: Uint8Array): Promise<AddCheckpointAnswer> {
    try {
      return await this.commands.execute(new AddCheckpoint(body));
    } catch (cause) {
      if (!(cause instanceof EventStoreError)) throw cause;
      this.metrics.answered('unavailable', 0);
      throw new HttpError(503, 'the store is not available', { cause, ...retryAfter(30) });
    }
  }
}

function retryAfter(seconds: number): { readonly headers: Readonly<Record<string, string>> } {
  return { headers: { 'retry-after': String(seconds) } };
}
