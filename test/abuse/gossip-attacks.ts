import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { formatEvidence, openSignedHeads, type Evidence } from '#libs/evidence';
import { formatNote, parseNote } from '#libs/note';
import { SignedLog } from '../signed-log.js';
import { HISTORY, type Arena } from './arena.js';
import { HostilePeer, TOPIC, iwant, inRpcs, rpcOf, subscription } from './hostile-peer.js';

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

/** Sends everything from one peer, and says what became of it. */
export async function flood(arena: Arena, rpcs: Iterable<Uint8Array>, perRpc: number): Promise<string> {
  const peer = await (await HostilePeer.start(arena.victim)).connect();
  try {
    const sent = await peer.gossip(rpcs);
    for (let i = 0; i < 40 && peer.connected; i += 1) await delay(50);
    return await fate(arena, peer, `${sent * perRpc} messages`);
  } finally {
    await peer.close();
  }
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
  return flood(arena, inRpcs(TOPIC.checkpoint, times(HISTORY, (i) => arena.log.note(HISTORY - i))), 20);
}

/** One message again and again: no validator ever sees the second. */
export function duplicates(arena: Arena, count: number): Promise<string> {
  const note = arena.log.note(1);
  return flood(arena, inRpcs(TOPIC.checkpoint, times(count, () => note), 500), 500);
}

export function oversizedMessages(arena: Arena, count: number): Promise<string> {
  return flood(arena, inRpcs(TOPIC.checkpoint, times(count, () => randomBytes(17 * 1024)), 10), 10);
}

/** RPCs of 2 MiB: each breaks the stream that it comes on. */
export async function oversizedRpcs(arena: Arena, count: number): Promise<string> {
  const peer = await (await HostilePeer.start(arena.victim)).connect();
  try {
    let sent = 0;
    for (; sent < count && peer.connected; sent += 1) {
      await peer.gossip([rpcOf(TOPIC.checkpoint, [randomBytes(2 << 20)])]);
    }
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

async function forkEvidence(log: SignedLog, size: number): Promise<Evidence> {
  const branch = log.forkAt(3);
  const notes = [await log.note(log.head(size)), await branch.note(branch.head(size))];
  const [one, other] = notes.map((note) => openSignedHeads(note, [log.signer.key])[0]);
  if (one === undefined || other === undefined) throw new Error('a log does not open its own heads');
  const sorted = [one.note, other.note].toSorted(Buffer.compare) as [Uint8Array, Uint8Array];
  return { kind: 'same-size', accused: log.signer.key, origin: log.origin, notes: sorted };
}

/** Well-formed evidence against the honest log, whose signatures are made up. */
export async function badEvidence(arena: Arena, count: number): Promise<string> {
  const stranger = new SignedLog(arena.log.signer.key.name);
  const evidence = await forkEvidence(stranger, 9);
  if (evidence.kind !== 'same-size') throw new Error('it should be of one size');
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
    const sorted = notes.toSorted(Buffer.compare) as [Uint8Array, Uint8Array];
    return formatEvidence({ ...evidence, accused: arena.log.signer.key, notes: sorted });
  });
  return flood(arena, inRpcs(TOPIC.evidence, files), 20);
}

/** True stories about keys that nobody knows. */
export async function strangersEvidence(arena: Arena, count: number): Promise<string> {
  const files: Uint8Array[] = [];
  for (let i = 0; i < count; i += 1) files.push(formatEvidence(await forkEvidence(new SignedLog('log.example'), 9)));
  return flood(arena, inRpcs(TOPIC.evidence, files), 20);
}

/** As many strangers as there are places say what nobody wants to know, each as fast as is still polite. */
export async function politeFlood(arena: Arena, peers: number, perSecond: number, seconds: number): Promise<string> {
  const all = await Promise.all([...times(peers, () => HostilePeer.start(arena.victim))]);
  const stop = AbortSignal.timeout(seconds * 1_000);
  const log = new SignedLog('unknown.example');
  const note = Buffer.from(await log.note(log.head(9)));
  try {
    await Promise.all(all.map((peer) => peer.connect()));
    let sent = 0;
    await Promise.all(
      all.map(async (peer) => {
        const batches = (async function* () {
          while (!stop.aborted && peer.connected) {
            yield rpcOf(TOPIC.checkpoint, [
              ...times(perSecond / 10, () => {
                const changed = Buffer.from(note);
                changed.write(randomBytes(32).toString('base64'), note.indexOf('9\n') + 2);
                return changed;
              }),
            ]);
            await delay(100);
          }
        })();
        for await (const rpc of batches) sent += (await peer.gossip([rpc])) * (perSecond / 10);
      }),
    );
    return `${sent} messages of ${peers} peers; ${all.filter(({ connected }) => connected).length} still connected`;
  } finally {
    await Promise.all(all.map((peer) => peer.close()));
  }
}

/** RPCs that hold no message: control messages for IDs that don't exist, and subscriptions to topics that don't either. */
export function control(arena: Arena, count: number): Promise<string> {
  const rpcs = times(count, (i) =>
    i % 2 === 0 ? iwant([...times(500, () => randomBytes(20))]) : subscription(`/made-up/${i}/${'x'.repeat(200)}`),
  );
  return flood(arena, rpcs, 1);
}

/** Takes its place in the mesh, and reads nothing of what it is sent. */
export async function neverReads(arena: Arena, peers: number, seconds: number): Promise<string> {
  const all = await Promise.all([...times(peers, () => HostilePeer.start(arena.victim, { reads: false }))]);
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
