import { Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { HttpError } from '#libs/server';
import { SignSubtree } from './sign-subtree.handler.js';

/** C2SP tlog-witness: the submission prefix, `sign-subtree`. */
@Controller()
export class SignSubtreeController {
  constructor(private readonly commands: CommandBus) {}

  @Post('sign-subtree')
  @HttpCode(200)
  @Header('content-type', 'text/plain; charset=utf-8')
  async signSubtree(@Body() body: unknown): Promise<string> {
    const bytes = body instanceof Uint8Array ? body : new Uint8Array(0);
    const answer = await this.commands.execute(new SignSubtree(bytes));
    switch (answer.kind) {
      case 'signed':
        return answer.line;
      case 'refused':
        throw new HttpError(answer.status, answer.message);
      case 'busy':
        throw new HttpError(503, 'too many requests at this moment', { headers: { 'retry-after': '1' } });
    }
  }
}
