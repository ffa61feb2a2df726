import 'reflect-metadata';
import { createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { Body, Controller, Get, Header, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ed25519Spki } from '#libs/crypto';
import { parseVerifierKey } from '#libs/note';

/** Key ID and timestamp come before the signature itself. */
const SIGNATURE_BYTES = 64;

const keys = new Map<string, KeyObject>();
for (const line of readFileSync(process.env['LOGS'] ?? '', 'utf8').split('\n')) {
  if (line === '') continue;
  const { name, publicKey } = parseVerifierKey(line);
  keys.set(name, createPublicKey({ key: Buffer.from(ed25519Spki(publicKey)), format: 'der', type: 'spki' }));
}
const { privateKey } = generateKeyPairSync('ed25519');
const file = openSync(process.env['FILE'] ?? '', 'w');

/** One write and one fsync for all that came in one turn of the loop, as the store of the witness has it. */
let group: { readonly note: Buffer; readonly resolve: () => void }[] = [];
function durable(note: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (group.push({ note, resolve }) === 1) setImmediate(commit);
  });
}

function commit(): void {
  const committed = group;
  group = [];
  writeSync(file, Buffer.concat(committed.map(({ note }) => note)));
  fdatasyncSync(file);
  for (const { resolve } of committed) resolve();
}

/**
 * The limit of a witness: the same HTTP stack, which verifies the log's signature, signs, has both on the disk and answers.
 * It compares nothing and proves nothing.
 */
@Controller()
class CosignerController {
  @Get('ready')
  ready(): string {
    return 'ready';
  }

  @Post('add-checkpoint')
  @HttpCode(200)
  @Header('content-type', 'text/plain; charset=utf-8')
  async addCheckpoint(@Body() body: Buffer): Promise<string> {
    const note = body.subarray(body.indexOf('\n\n') + 2);
    const textEnd = note.lastIndexOf('\n\n') + 1;
    const text = note.subarray(0, textEnd);
    const key = keys.get(text.toString('utf8', 0, text.indexOf('\n')));
    const signature = Buffer.from(note.toString('latin1', note.lastIndexOf(' ') + 1), 'base64').subarray(
      -SIGNATURE_BYTES,
    );
    if (!key || !verify(null, text, key, signature)) throw new Error('a signature does not verify');
    const timestamp = Math.floor(Date.now() / 1000);
    const cosignature = sign(
      null,
      Buffer.concat([Buffer.from(`cosignature/v1\ntime ${timestamp}\n`), text]),
      privateKey,
    );
    const line = `— bare.tally.localhost ${Buffer.concat([Buffer.alloc(12), cosignature]).toString('base64')}\n`;
    await durable(Buffer.concat([note, Buffer.from(line)]));
    return line;
  }
}

@Module({ controllers: [CosignerController] })
class CosignerModule {}

const adapter = new FastifyAdapter();
const app = await NestFactory.create<NestFastifyApplication>(CosignerModule, adapter, {
  logger: false,
  bodyParser: false,
});
const fastify = adapter.getInstance();
fastify.removeAllContentTypeParsers();
fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
await app.listen(Number(process.env['PORT']), '127.0.0.1');
process.on('SIGTERM', () => {
  closeSync(file);
  process.exit();
});
