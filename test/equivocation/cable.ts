import { createServer, connect, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { loopback } from './witnesses.js';

/** A TCP connection to a port of this machine, through a plug that can be pulled. */
export class Cable {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  /** Unplugged at first. Who calls `port` is put through to `to`. */
  constructor(
    readonly port: number,
    private readonly to: number,
  ) {}

  /** What to dial in the place of the far end. */
  get address(): string {
    return loopback(this.port);
  }

  async plug(): Promise<void> {
    const server = createServer((near) => {
      const far = connect(this.to, '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.setNoDelay(true);
        one.pipe(other);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      }
    });
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
  }

  /** Everything that goes through it is cut off, and nobody answers any more. */
  async unplug(): Promise<void> {
    const closed = this.#server && once(this.#server, 'close');
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
