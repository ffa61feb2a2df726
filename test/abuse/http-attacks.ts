import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { formatEvidence } from '#libs/evidence';
import { formatAddCheckpointRequest } from '#libs/tlog';
import { SignedLog } from '../signed-log.js';
import { HISTORY, type Arena } from './arena.js';
import { badlySigned, forkEvidence, times } from './gossip-attacks.js';

const CLOSED_WITHIN_MS = 60_000;

/** Connections that send `opening`, and then nothing, or `drop` every 100 ms; maybe until the victim has closed them all. */
export async function slowClients(
  arena: Arena,
  {
    count,
    opening,
    drop,
    holdMs,
    untilClosed = false,
  }: { count: number; opening: string; drop?: string; holdMs: number; untilClosed?: boolean },
): Promise<string> {
  const { hostname, port } = new URL(arena.victim.url);
  const sockets: Socket[] = [];
  let [closed, answers] = [0, ''];
  for (let i = 0; i < count; i += 1) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined).on('close', () => (closed += 1));
    socket.on('data', (data: Buffer) => (answers ||= data.toString('latin1').split('\r\n')[0] ?? ''));
    if (opening !== '') socket.write(opening);
    sockets.push(socket);
    if (i % 100 === 99) await delay(5);
  }
  const until = performance.now() + holdMs;
  while (performance.now() < until) {
    await delay(100);
    if (drop !== undefined) for (const socket of sockets) if (socket.writable) socket.write(drop);
  }
  if (untilClosed)
    for (const end = performance.now() + CLOSED_WITHIN_MS; closed < count && performance.now() < end;) await delay(20);
  for (const socket of sockets) socket.destroy();
  return `${closed} of ${count} closed by the victim within ${holdMs} ms${answers === '' ? '' : `: ${answers}`}`;
}

/** Requests from `atOnce` clients, as fast as they are answered. */
export async function requestFlood(
  arena: Arena,
  {
    atOnce,
    seconds,
    request,
  }: { atOnce: number; seconds: number; request: (i: number) => [path: string, body?: Uint8Array] },
): Promise<string> {
  const until = performance.now() + seconds * 1_000;
  const statuses = new Map<number | string, number>();
  let i = 0;
  await Promise.all(
    [...times(atOnce, () => 0)].map(async () => {
      while (performance.now() < until) {
        const [path, body] = request(i++);
        const outcome = await fetch(
          arena.victim.url + path,
          body === undefined ? {} : { method: 'POST', body: body as BodyInit },
        )
          .then(async (answer) => {
            await answer.arrayBuffer();
            return answer.status;
          })
          .catch(() => 'failed');
        statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1);
      }
    }),
  );
  return [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ');
}

export function badCheckpoints(arena: Arena, seconds: number): Promise<string> {
  const bodies = [
    ...times(500, (i) =>
      formatAddCheckpointRequest({ oldSize: 0n, proof: [], checkpoint: badlySigned(arena.log.note(i + 1)) }),
    ),
  ];
  return requestFlood(arena, {
    atOnce: 16,
    seconds,
    request: (i) => ['/add-checkpoint', bodies[i % bodies.length]],
  });
}

/** What the log has signed before: each is true, and each is another one. `from`, so that two floods do not meet. */
export function staleCheckpoints(arena: Arena, seconds: number): Promise<string> {
  return requestFlood(arena, {
    atOnce: 16,
    seconds,
    request: (i) => [
      '/add-checkpoint',
      formatAddCheckpointRequest({ oldSize: 0n, proof: [], checkpoint: arena.log.note(HISTORY - (i % HISTORY)) }),
    ],
  });
}

export async function evidencePosts(arena: Arena, seconds: number): Promise<string> {
  const files: Uint8Array[] = [];
  for (let i = 0; i < 50; i += 1) {
    files.push(formatEvidence(await forkEvidence(new SignedLog('stranger.example'), 9)));
  }
  return requestFlood(arena, { atOnce: 16, seconds, request: (i) => ['/evidence', files[i % files.length]] });
}

export function reads(arena: Arena, seconds: number): Promise<string> {
  return requestFlood(arena, {
    atOnce: 16,
    seconds,
    request: (i) => [['/status', '/evidence', '/'][i % 3] ?? '/'],
  });
}
