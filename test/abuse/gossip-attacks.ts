import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { formatEvidence, openSignedHeads, type Evidence } from '#libs/evidence';
import { formatNote, parseNote } from '#libs/note';
import { SignedLog } from '../signed-log.js';
import { HISTORY, type Arena } from './arena.js';
import type { HonestLog } from './honest-log.js';
export { GOSSIP } from './hostile-peer.js';
import { GOSSIP, HostilePeer, TOPIC, iwant, inRpcs, rpcOf, subscription, withLength, write } from './hostile-peer.js';

/** The checkpoint with a signature that is as long as a good one. */
export function badlySigned(note: Uint8Array): Uint8Array {
  const { text, signatures } = parseNote(note);
  return formatNote({
    text,
    signatures: signatures.map((line) => ({ ...line, signature: new Uint8Array(randomBytes(line.signature.length)) })),
  });
}

export function* times<T>(count: number, make: (i: number) => T): Generator<T> {
  for (let i = 0; i < count; i += 1) yield make(i);
}

/** What was sent is on its way: a machine that is busy takes a while to count it. */
const LATE_CUT_OFF_MS = 60_000;

/** Sends everything from one peer, and says what became of it. */
export async function flood(
  arena: Arena,
  rpcs: Iterable<Uint8Array>,
  perRpc: number,
  cutOffWithinMs = LATE_CUT_OFF_MS,
): Promise<string> {
  const peer = await (await HostilePeer.start(arena.victim)).connect();
  try {
    const sent = await peer.gossip(rpcs);
    await untilCutOff(peer, cutOffWithinMs);
    return await fate(arena, peer, `${sent * perRpc} messages`);
  } finally {
    await peer.close();
  }
}

async function untilCutOff(peer: HostilePeer, withinMs = LATE_CUT_OFF_MS): Promise<void> {
  for (const end = performance.now() + withinMs; peer.connected && performance.now() < end;) await delay(20);
}

export async function fate(arena: Arena, peer: HostilePeer, what: string): Promise<string> {
  if (peer.connected) return `${what}; still connected`;
  const denied = await peer.isDenied();
  const why = arena.victim.cutOff().get(peer.id) ?? 'closed';
  return `${what}; cut off after ${peer.cutOffAfter?.toFixed(0)} ms (${why})${denied ? ', denied' : ', NOT denied'}`;
}

export function garbage(arena: Arena, count: number): Promise<string> {
  const both = function* (): Generator<Uint8Array> {
    for (let i = 0; i < count; i += 20) {
      yield rpcOf(i % 40 === 0 ? TOPIC.checkpoint : TOPIC.evidence, [...times(20, () => randomBytes(300))]);
    }
  };
  return flood(arena, both(), 20);
}

export function badSignatures(arena: Arena, count: number): Promise<string> {
  const notes = times(count, (i) => badlySigned(arena.log.note(1 + (i % HISTORY))));
  return flood(arena, inRpcs(TOPIC.checkpoint, notes), 20);
}

/** Everything that the log has ever signed, as fast as it goes. */
export function replays(arena: Arena): Promise<string> {
  return flood(
    arena,
    inRpcs(
      TOPIC.checkpoint,
      times(HISTORY, (i) => arena.log.note(HISTORY - i)),
    ),
    20,
  );
}

/** One long message again and again: no validator ever sees the second. */
export async function duplicates(arena: Arena, count: number): Promise<string> {
  const log = new SignedLog('unknown.example');
  const note = await log.note({ ...log.head(9), extensions: ['x'.repeat(15_000)] });
  return flood(
    arena,
    inRpcs(
      TOPIC.checkpoint,
      times(count, () => note),
      50,
    ),
    50,
  );
}

export function oversizedMessages(arena: Arena, count: number): Promise<string> {
  return flood(
    arena,
    inRpcs(
      TOPIC.checkpoint,
      times(count, () => randomBytes(17 * 1024)),
      10,
    ),
    10,
  );
}

/** RPCs of 2 MiB: each breaks the stream that it comes on. */
export async function oversizedRpcs(arena: Arena, count: number): Promise<string> {
  const peer = await (await HostilePeer.start(arena.victim)).connect();
  try {
    const rpc = rpcOf(TOPIC.checkpoint, [randomBytes(2 << 20)]);
    let sent = 0;
    for (; sent < count && peer.connected; sent += 1) await peer.gossip([rpc]);
    await untilCutOff(peer);
    return await fate(arena, peer, `${sent} RPCs`);
  } finally {
    await peer.close();
  }
}

/** The right text under a bad signature comes first; then an honest peer is shown the real one. */
export async function poison(arena: Arena): Promise<string> {
  const { liar, key } = arena.takeLiar();
  const branch = liar.forkAt(3);
  const notes = [await liar.note(liar.head(7)), await branch.note(branch.head(7))];
  const peer = await (await HostilePeer.start(arena.victim)).connect();
  try {
    await peer.gossip(inRpcs(TOPIC.checkpoint, notes.map(badlySigned), 1));
    await delay(200);
    const empty = async (): Promise<Uint8Array[]> => [];
    const began = performance.now();
    await Promise.all(arena.peers.map((honest, i) => honest.submit(notes[i] ?? new Uint8Array(), empty)));
    while (!(await arena.victim.evidence()).some(({ origin }) => origin === key.name)) {
      if (performance.now() - began > 10_000) return 'the good messages did NOT get through';
      await delay(5);
    }
    return `the good ones got through: proof after ${(performance.now() - began).toFixed(0)} ms`;
  } finally {
    await peer.close();
  }
}

/** A true story about this log. */
export async function forkEvidence(log: SignedLog, size: number): Promise<Evidence & { kind: 'same-size' }> {
  const branch = log.forkAt(3);
  const notes = [await log.note(log.head(size)), await branch.note(branch.head(size))];
  const [one, other] = notes.map((note) => openSignedHeads(note, [log.signer.key])[0]);
  if (one === undefined || other === undefined) throw new Error('a log does not open its own heads');
  const [first, second] = [one, other].toSorted((a, b) => Buffer.compare(a.checkpoint.root, b.checkpoint.root));
  return {
    kind: 'same-size',
    accused: log.signer.key,
    origin: log.origin,
    notes: [first?.note ?? new Uint8Array(), second?.note ?? new Uint8Array()],
  };
}

/** Well-formed evidence against the honest log, whose signatures are made up. */
export async function badEvidence(arena: Arena, count: number): Promise<string> {
  const stranger = new SignedLog(arena.log.signer.key.name);
  const evidence = await forkEvidence(stranger, 9);
  const line = ({ signature }: { signature: Uint8Array }): object => ({
    name: arena.log.signer.key.name,
    keyId: arena.log.signer.key.id,
    signature,
  });
  const files = times(count, () => {
    const notes = evidence.notes.map((note) => {
      const { text, signatures } = parseNote(badlySigned(note));
      return formatNote({ text, signatures: signatures.map((one) => line(one) as (typeof signatures)[number]) });
    });
    return formatEvidence({ ...evidence, accused: arena.log.signer.key, notes: notes as [Uint8Array, Uint8Array] });
  });
  return flood(arena, inRpcs(TOPIC.evidence, files), 20);
}

/** True stories about keys that nobody knows, under a name that everybody knows; and the same with other signatures. */
export async function strangersEvidence(arena: Arena, count: number): Promise<string> {
  const evidence: (Evidence & { kind: 'same-size' })[] = [];
  for (let i = 0; i < 50; i += 1) evidence.push(await forkEvidence(new SignedLog('log.example'), 9));
  const files = times(count, (i) => {
    const one = evidence[i % evidence.length];
    if (one === undefined) throw new Error('no evidence');
    const [first, second] = one.notes;
    return formatEvidence(i < evidence.length ? one : { ...one, notes: [badlySigned(first), second] });
  });
  return flood(arena, inRpcs(TOPIC.evidence, files), 20);
}

/** As many strangers as there are places say what nobody wants to know, each as fast as is still polite. */
export async function politeFlood(arena: Arena, peers: number, perSecond: number, seconds: number): Promise<string> {
  const log = new SignedLog('unknown.example');
  const note = Buffer.from(await log.note(log.head(9)));
  const next = (): Uint8Array => {
    const changed = Buffer.from(note);
    changed.write(randomBytes(32).toString('base64'), note.indexOf('9\n') + 2);
    return changed;
  };
  return paced(arena, { peers, perSecond, seconds, next });
}

/**
 * As many strangers as there are places say again what logs have signed before: all of it true, and each word of it new to the
 * victim's peers, to whom the victim would pass it on.
 */
export async function reflection(arena: Arena, logs: readonly HonestLog[], seconds: number): Promise<string> {
  let at = 0;
  const next = (): Uint8Array => {
    const log = logs[at % logs.length];
    if (log === undefined) throw new Error('no log');
    at += 1;
    return log.note(1 + (Math.floor(at / logs.length) % (log.size - 1)));
  };
  return paced(arena, { peers: 20, perSecond: 90, seconds, next });
}

/** Each peer sends so many messages a second, evenly. */
async function paced(
  arena: Arena,
  { peers, perSecond, seconds, next }: { peers: number; perSecond: number; seconds: number; next: () => Uint8Array },
): Promise<string> {
  const all = await Promise.all(times(peers, () => HostilePeer.start(arena.victim)));
  try {
    for (const peer of all) await peer.connect();
    const end = performance.now() + seconds * 1_000;
    let sent = 0;
    await Promise.all(
      all.map(async (peer) => {
        const stream = await peer.open(GOSSIP);
        while (performance.now() < end && peer.connected) {
          const batch = [...times(perSecond / 10, next)];
          await write(stream, withLength(rpcOf(TOPIC.checkpoint, batch)), peer.connection).catch(() => undefined);
          sent += batch.length;
          await delay(100);
        }
      }),
    );
    return `${sent} messages of ${peers} peers; ${all.filter(({ connected }) => connected).length} still connected`;
  } finally {
    await Promise.all(all.map((peer) => peer.close()));
  }
}

/** RPCs that hold no message: control messages for IDs that don't exist, and subscriptions to topics that don't either. */
export function control(arena: Arena, count: number): Promise<string> {
  const unknown = [...times(20_000, () => randomBytes(20))];
  const rpcs = times(count, (i) => (i % 2 === 0 ? iwant(unknown) : subscription(`/made-up/${i}/${'x'.repeat(200)}`)));
  return flood(arena, rpcs, 1, 2_000);
}

/** Takes its place in the mesh, and reads nothing of what it is sent. */
export async function neverReads(arena: Arena, peers: number, seconds: number): Promise<string> {
  const all = await Promise.all(times(peers, () => HostilePeer.start(arena.victim, { reads: false })));
  try {
    await Promise.all(all.map((peer) => peer.connect()));
    const topics = [subscription(TOPIC.checkpoint), subscription(TOPIC.evidence)];
    await Promise.all(all.map((peer) => peer.gossip(topics)));
    await delay(seconds * 1_000);
    return `${all.filter(({ connected }) => connected).length} of ${peers} still connected`;
  } finally {
    await Promise.all(all.map((peer) => peer.close()));
  }
}
