import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below what Linux gives out for outgoing connections (32768 to 60999), so that nobody takes one of them meanwhile. */
const LOWEST = 15_000;
const HIGHEST = 32_000;
const TRIES = 50;

/** The first of `count` ports in a row that nobody listens on. Another process may still be quicker: be ready to ask again. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const first = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST - count));
    const ports = Array.from({ length: count }, (_, offset) => first + offset);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first;
  }
  throw new Error(`found no ${count} free ports in a row between ${LOWEST} and ${HIGHEST}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
