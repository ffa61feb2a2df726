import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { AlarmMessage } from '../../apps/monitor/src/alarms/webhook.js';
import type { MonitorStatus } from '../../apps/monitor/src/status/status.js';
import { Program } from './program.js';
import type { Place } from './witness-process.js';

/** `tally-monitor`, built and unchanged, and the auditor whom it alarms: a webhook in this process. */
export class MonitorProcess {
  readonly #alarms = new Map<string, number>();
  #program: Program | undefined;

  private constructor(private readonly server: Server) {}

  /** `logs` are lines of the config file; it hears of everything from two of the witnesses. */
  static async start(parent: string, logs: readonly string[], peers: readonly Place[]): Promise<MonitorProcess> {
    const folder = join(parent, 'monitor');
    await mkdir(folder, { mode: 0o700 });
    const server = createServer();
    const monitor = new MonitorProcess(server);
    server.on('request', (request, response) => {
      const atMs = Date.now();
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { kind, state, origin } = JSON.parse(Buffer.concat(chunks).toString()) as AlarmMessage;
        if (kind === 'evidence' && state === 'raised') monitor.#alarms.set(origin, atMs);
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    monitor.#program = await Program.start('the monitor', 'monitor', folder, [
      'name auditor',
      'profile development',
      'listen 127.0.0.1:0',
      'data .',
      `webhook http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      ...logs.map((log) => `log ${log}`),
      ...peers.map(({ address }) => `peer ${address}`),
    ]);
    return monitor;
  }

  async ready(peers: number): Promise<void> {
    const program = this.#program;
    await program?.listens();
    await program?.eventually('is connected', async () => {
      const status = (await (await fetch(`${program.url}/status`)).json()) as MonitorStatus;
      return (status.gossip?.peers.length ?? 0) >= peers;
    });
  }

  /** When the auditor was told that the log has two histories, in milliseconds since the epoch. */
  async alarmed(origin: string): Promise<number> {
    await this.#program?.eventually('alarms', () => this.#alarms.has(origin));
    return this.#alarms.get(origin) ?? Number.NaN;
  }

  async stop(): Promise<void> {
    try {
      await this.#program?.stop();
    } finally {
      this.server.close();
      this.server.closeAllConnections();
    }
  }
}
