import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { EvidenceList } from '#libs/gossip';
import { createLogger, startService, type RunningService } from '#libs/server';
import type { AlarmKind, PublicAlarm } from '../alarms/alarm.js';
import type { MonitorConfig } from '../config.js';
import { monitorService } from '../monitor.module.js';
import type { AlarmsStatus, LogStatus, MonitorStatus } from '../status/status.js';

const HOUR_MS = 3_600_000;

/** A monitor in a hurry, on a free port, in a folder of its own; it can be stopped and started again. */
export class RunningMonitor {
  #service: RunningService | undefined;
  readonly lines: Record<string, unknown>[] = [];

  private constructor(
    readonly folder: string,
    private config: Partial<MonitorConfig>,
  ) {}

  static async start(config: Partial<MonitorConfig>): Promise<RunningMonitor> {
    const monitor = new RunningMonitor(await mkdtemp(join(tmpdir(), 'tally-monitor-')), config);
    await monitor.start();
    return monitor;
  }

  get url(): string {
    return this.#service?.url ?? 'http://stopped.invalid';
  }

  get settings(): MonitorConfig {
    return {
      profile: 'development',
      host: '127.0.0.1',
      port: 0,
      name: 'test monitor',
      dataDirectory: join(this.folder, 'data'),
      logs: [],
      pollMs: 60,
      alarmAfterMs: 150,
      lagAfterMs: 500,
      staleAfterMs: HOUR_MS,
      ...this.config,
    };
  }

  async start(change: Partial<MonitorConfig> = {}): Promise<void> {
    this.config = { ...this.config, ...change };
    const write = (line: string): void => void this.lines.push(JSON.parse(line) as Record<string, unknown>);
    this.#service = await startService(monitorService(this.settings), createLogger('monitor', { write }));
  }

  async stop(): Promise<void> {
    await this.#service?.close();
    this.#service = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async text(path: string): Promise<string> {
    return (await fetch(this.url + path)).text();
  }

  async status(): Promise<MonitorStatus> {
    return JSON.parse(await this.text('/status')) as MonitorStatus;
  }

  /** Of the first log. */
  async log(): Promise<LogStatus> {
    const [log] = (await this.status()).logs;
    if (log === undefined) throw new Error('no log is configured');
    return log;
  }

  async alarms(): Promise<AlarmsStatus> {
    return JSON.parse(await this.text('/alarms')) as AlarmsStatus;
  }

  async evidence(): Promise<EvidenceList['evidence']> {
    return (JSON.parse(await this.text('/evidence')) as EvidenceList).evidence;
  }

  /** Waits until the first log is verified at this size. */
  verified(size: number): Promise<LogStatus> {
    return this.until(`size ${size}`, async () => {
      const log = await this.log();
      return log.verified?.size === String(size) ? log : undefined;
    });
  }

  alarm(kind: AlarmKind): Promise<PublicAlarm> {
    return this.until(`an alarm ${kind}`, async () => (await this.alarms()).open.find((alarm) => alarm.kind === kind));
  }

  cleared(kind: AlarmKind): Promise<PublicAlarm> {
    return this.until(`the end of ${kind}`, async () =>
      (await this.alarms()).cleared.find((alarm) => alarm.kind === kind),
    );
  }

  async openKinds(): Promise<AlarmKind[]> {
    return (await this.alarms()).open.map(({ kind }) => kind);
  }

  async until<T>(what: string, look: () => Promise<T | undefined>, withinMs: number = 60_000): Promise<T> {
    for (const end = Date.now() + withinMs; Date.now() < end; await delay(10)) {
      const found = await look();
      if (found !== undefined) return found;
    }
    throw new Error(`not within ${withinMs} ms: ${what}; ${JSON.stringify(await this.status(), null, 1)}`);
  }
}
