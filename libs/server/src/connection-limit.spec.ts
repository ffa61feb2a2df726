import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Get, Module } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLogger } from './logger.js';
import { startService, type RunningService } from './service.js';

const LIMIT = 5;

@Controller()
class HelloController {
  @Get('hello')
  hello(): string {
    return 'hello';
  }
}

@Module({ controllers: [HelloController] })
class HelloModule {}

let service: RunningService;
let lines: string[];
let sockets: Socket[];
beforeEach(async () => {
  lines = [];
  sockets = [];
  service = await startService(
    {
      name: 'hello',
      config: { host: '127.0.0.1', port: 0, profile: 'development' },
      module: () => ({ module: HelloModule }),
    },
    createLogger('hello', { write: (line) => lines.push(line) }),
    LIMIT,
  );
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await service.close();
});

/** Connects, and says nothing. */
async function idle(): Promise<Socket> {
  const socket = connect(service.port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** However it ends. */
function closed(socket: Socket): Promise<unknown> {
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', resolve));
}

/** What comes back on a connection of its own: undefined when it is closed without an answer. */
async function ask(socket: Socket, path: string): Promise<string | undefined> {
  let answer = '';
  socket.setEncoding('latin1').on('data', (data: string) => (answer += data));
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  await closed(socket);
  return answer === '' ? undefined : answer;
}

/** The same on new connections, until there is room: a service learns of a connection that ended a moment later. */
async function askUntilAnswered(path: string): Promise<string> {
  for (;;) {
    const answer = await ask(await idle(), path);
    if (answer !== undefined) return answer;
    await delay(10);
  }
}

describe('a service with as many connections as it may have', () => {
  test('refuses more, serves those that it has, and serves others when there is room', async () => {
    const open: Socket[] = [];
    for (let count = 0; count < LIMIT; count++) open.push(await idle());
    // The kernel completes the handshake; then the connection is closed.
    const beyond = await Promise.all(Array.from({ length: 3 * LIMIT }, idle));
    await Promise.all(beyond.map(closed));
    const [first, second, ...others] = open as [Socket, Socket, ...Socket[]];
    expect(others.map((socket) => socket.closed)).toEqual(others.map(() => false));
    expect(await ask(first, '/hello')).toMatch(/^HTTP\/1\.1 200 /);

    expect(await askUntilAnswered('/hello')).toMatch(/^HTTP\/1\.1 200 /);
    const metrics = await ask(second, '/metrics');
    const [, refused] = /^http_connections_refused_total (\d+)$/m.exec(metrics ?? '') ?? [];
    expect(Number(refused)).toBeGreaterThanOrEqual(beyond.length);
  });

  test('says so once, not for each', async () => {
    for (let count = 0; count < LIMIT; count++) await idle();
    for (let count = 0; count < 20; count++) {
      await closed(await idle());
    }
    const warnings = lines.filter((line) => line.includes('too many connections'));
    expect(warnings.map((line) => JSON.parse(line))).toEqual([expect.objectContaining({ open: LIMIT, refused: 1 })]);
  });
});
