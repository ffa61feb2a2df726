import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from './connection.js';

/** What a run gave. Latencies are exact, one per answered request, in milliseconds. */
export interface LoadResult {
  readonly answered: number;
  /** Answers with another status than the one that was asked for, and broken connections. */
  readonly errors: number;
  readonly seconds: number;
  readonly latencies: Float64Array;
}

/** More requests than this under way at once, and the server has long lost the race. */
const OPEN_LOOP_CONNECTIONS = 2048;

/**
 * Closed loop: `connections` clients, each of which sends its next request when the last is answered. What is answered
 * within the first `warmUpSeconds` isn't counted.
 */
export async function closedLoop(
  port: number,
  requests: readonly Uint8Array[],
  options: {
    readonly connections: number;
    readonly warmUpSeconds: number;
    readonly seconds: number;
    readonly status: number;
    /** Requests may be sent again. */
    readonly repeat: boolean;
  },
): Promise<LoadResult> {
  const clients = await Promise.all(Array.from({ length: options.connections }, () => Connection.open(port)));
  const latencies: number[] = [];
  let next = 0;
  let errors = 0;
  const from = performance.now() + options.warmUpSeconds * 1000;
  const to = from + options.seconds * 1000;
  let last = from;
  await Promise.all(
    clients.map(async (client) => {
      for (;;) {
        const sent = performance.now();
        const request = requests[options.repeat ? next++ % requests.length : next++];
        if (sent >= to || request === undefined) return;
        const status = await client.send(request).catch(() => 0);
        const answered = performance.now();
        if (status !== options.status) errors++;
        else if (answered >= from && answered < to) {
          latencies.push(answered - sent);
          last = answered;
        }
        if (status === 0) return;
      }
    }),
  );
  for (const client of clients) client.close();
  const seconds = (last - from) / 1000;
  return { answered: latencies.length, errors, seconds, latencies: Float64Array.from(latencies) };
}

/**
 * Open loop: a request every 1/rate seconds, whether or not the earlier ones are answered. A latency is counted from the
 * moment the request was due, so that a server (or a generator) that falls behind can't hide it.
 */
export async function openLoop(
  port: number,
  requests: readonly Uint8Array[],
  options: { readonly rate: number; readonly warmUpSeconds: number; readonly seconds: number; readonly status: number },
): Promise<LoadResult> {
  const idle = await Promise.all(Array.from({ length: 16 }, () => Connection.open(port)));
  let open = idle.length;
  const latencies: number[] = [];
  let errors = 0;
  const start = performance.now() + 10;
  const skipped = options.rate * options.warmUpSeconds;
  const count = Math.min(requests.length, Math.round(options.rate * (options.warmUpSeconds + options.seconds)));
  const one = async (i: number, due: number): Promise<void> => {
    const client = idle.pop() ?? (open++ < OPEN_LOOP_CONNECTIONS ? await Connection.open(port) : undefined);
    const request = requests[i] ?? new Uint8Array(0);
    const status = (await client?.send(request).catch(() => 0)) ?? 0;
    if (i >= skipped) latencies.push(performance.now() - due);
    if (status !== options.status) errors++;
    if (client && status !== 0) idle.push(client);
  };
  const under: Promise<void>[] = [];
  for (let i = 0; i < count;) {
    const due = start + (i * 1000) / options.rate;
    const wait = due - performance.now();
    if (wait > 0.5) await delay(wait);
    else under.push(one(i++, due));
  }
  await Promise.all(under);
  for (const client of idle) client.close();
  return {
    answered: latencies.length - errors,
    errors,
    seconds: options.seconds,
    latencies: Float64Array.from(latencies),
  };
}
