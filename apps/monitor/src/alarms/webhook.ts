import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { publicAlarm, type PublicAlarm } from './alarm.js';
import type { Alarms } from './alarms.js';

const TIMEOUT_MS = 10_000;
const RETRY_MAX_MS = 5 * 60_000;

/** The body that is posted. The same `id` and `state` may come twice, since an answer may get lost. */
export interface AlarmMessage extends PublicAlarm {
  readonly schema: 'tally/monitor-alarm/v1';
  readonly state: 'raised' | 'cleared';
  /** The name of the monitor. */
  readonly monitor: string;
}

export interface WebhookOptions {
  readonly url: string;
  readonly monitor: string;
  readonly alarms: Alarms;
  readonly logger: Logger;
  readonly onDelivery: (outcome: 'delivered' | 'failed') => void;
  /** The first pause after a failure; each one is twice as long, up to five minutes. */
  readonly retryMs?: number;
}

/** Posts every alarm, one after the other, until each was taken (2xx): at least once, and through restarts. */
export class Webhook {
  readonly #stop = new AbortController();
  #problem: string | undefined;
  #running: Promise<void> | undefined;

  constructor(private readonly options: WebhookOptions) {
    options.alarms.notify(() => this.#wake());
    this.#wake();
  }

  /** Why the last delivery failed. */
  problem(): string | undefined {
    return this.#problem;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #wake(): void {
    if (this.#stop.signal.aborted) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // Something may have come up after the last look.
      if (this.options.alarms.untold()) this.#wake();
    });
  }

  async #run(): Promise<void> {
    const { alarms, onDelivery, retryMs = 1_000 } = this.options;
    const { signal } = this.#stop;
    let pauseMs = retryMs;
    for (let next = alarms.untold(); next !== undefined && !signal.aborted; next = alarms.untold()) {
      const { alarm, state } = next;
      const problem = await this.#post({ schema: 'tally/monitor-alarm/v1', state, ...publicAlarm(alarm) });
      if (signal.aborted) return;
      onDelivery(problem === undefined ? 'delivered' : 'failed');
      if (problem === undefined) {
        alarms.told(alarm.id, state);
        pauseMs = retryMs;
      } else {
        await delay(pauseMs, undefined, { signal }).catch(() => undefined);
        pauseMs = Math.min(2 * pauseMs, RETRY_MAX_MS);
      }
      this.#say(problem);
    }
  }

  /** What went wrong; undefined when it was taken. */
  async #post(message: Omit<AlarmMessage, 'monitor'>): Promise<string | undefined> {
    const { url, monitor } = this.options;
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...message, monitor }),
        // It goes where the operator said, and nowhere else.
        redirect: 'manual',
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await answer.body?.cancel();
      return answer.ok ? undefined : `it answered HTTP ${answer.status}`;
    } catch (error) {
      const { message: said, cause } = error as Error;
      const reason = (cause as { message?: unknown } | undefined)?.message;
      // fetch says "fetch failed", and hides why in the cause.
      return typeof reason === 'string' && reason !== '' ? `${said}: ${reason}` : said;
    }
  }

  /** Once when it begins to fail, and once when it works again. */
  #say(problem: string | undefined): void {
    const { logger } = this.options;
    if (problem !== undefined && this.#problem === undefined) logger.error({ problem }, 'the webhook takes no alarm');
    if (problem === undefined && this.#problem !== undefined) logger.info('the webhook takes alarms again');
    this.#problem = problem;
  }
}
