import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { spawn } from 'node:child_process';
import { formatVerifierKey, KEY_TYPE, verifierKey } from '#libs/note';
import { openKeyFile } from '#libs/signer';
import { freePorts } from '../../free-ports.js';
import { ed25519Signer } from '../../note-signers.js';
import { FollowedOrigin, type AskedWitness, type DrivenLog } from './followed-origin.js';
import { History } from './history.js';
import type { Finding, FindingKind } from './origin-record.js';
import { RawConnection } from './raw-connection.js';
import { WitnessProcess } from './witness-process.js';

const WITNESSES = 4;
const HONEST = 8;
/** Logs at work that are not honest. When one is frozen another one takes its place, as long as there are any. */
const EQUIVOCATING = 16;
const SPARE_PER_KILL = 6;
/** As many checkpoints a day as a list can allow a log. */
const QUERIES_PER_DAY = 2 ** 31 - 1;
/** A process lives at most this long under load before it is killed. */
const LIFE_MS = 250;
/** One in so many is killed while it starts. */
const KILLED_AT_START = 3;
/** Half of the others are killed within so many milliseconds of a race between trees that exclude each other. */
const AFTER_RACE_MS = 6;

export interface KillReport {
  readonly kills: number;
  readonly killsAtStart: number;
  readonly killsInRace: number;
  readonly witnesses: number;
  /** Logs that a witness has found guilty, and answers no more. */
  readonly frozen: number;
  /** Pairs of a witness and an origin of which something was cosigned. */
  readonly histories: number;
  /** Cosignatures that were answered with, whole or in part. */
  readonly cosignatures: number;
  /** Answers that a death has cut off in the middle. */
  readonly cut: number;
  /** Heads that are not on the one chain that a witness has cosigned of an origin. */
  readonly forks: number;
  readonly rollbacks: number;
  /** Acknowledged, and not known any more after a restart. */
  readonly lost: number;
  /** Answers that nothing accounts for, and witnesses that died by themselves. */
  readonly unexpected: number;
  readonly killsPerSecond: number;
  readonly findings: readonly string[];
}

export interface KillOptions {
  /** The folder whose `dist` is run. */
  readonly root?: string;
  readonly progress?: (kill: number) => void;
  /** No more kills from here on: the run ends with what there was. */
  readonly enough?: AbortSignal;
}

/** One witness with all the logs that come to it. */
class Target implements AskedWitness {
  #atRace: (() => void) | undefined;
  readonly origins: FollowedOrigin[] = [];

  constructor(
    readonly name: string,
    readonly key: AskedWitness['key'],
    readonly port: number,
    readonly process: WitnessProcess,
  ) {}

  listening(): Promise<boolean> {
    return this.process.listening();
  }

  racing(): void {
    this.#atRace?.();
  }

  /** Resolves when the next race begins. */
  race(): Promise<void> {
    return new Promise((resolve) => (this.#atRace = resolve));
  }

  /** One place among those at work: a log, and those that follow when it is frozen. */
  async follow(logs: Iterator<DrivenLog>, running: () => boolean): Promise<void> {
    for (let next = logs.next(); !next.done && running(); next = logs.next()) {
      const origin = new FollowedOrigin(this, next.value);
      this.origins.push(origin);
      await origin.run();
    }
  }

  /** Monitors are shown at least what was acknowledged: what they are shown is put on record here, and judged at the end. */
  async audit(): Promise<void> {
    const connection = new RawConnection(this.port);
    for (const origin of this.origins.filter(({ frozen }) => !frozen)) await origin.look(connection);
    connection.close();
  }

  /** The last audit: of every log that ever came, frozen ones too. */
  async settle(): Promise<void> {
    const connection = new RawConnection(this.port);
    for (const origin of this.origins) await origin.settle(connection);
    connection.close();
  }
}

/**
 * Built witnesses as processes, under load from honest logs and from others, killed again and again at any moment, their
 * start included. At the end everything that any of them ever answered is held against one history per witness and origin.
 */
export async function killWitnesses(
  kills: number,
  { root = process.cwd(), progress, enough }: KillOptions = {},
): Promise<KillReport> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-witness-kill-'));
  const signers = Array.from({ length: HONEST + EQUIVOCATING + SPARE_PER_KILL * kills }, (_, i) =>
    ed25519Signer(`log-${i}.example.org`),
  );
  const logs = signers.map((signer, i) => ({ signer, honest: i < HONEST ? new History() : undefined }));
  // The keys of a list are imported when they are used: a start does not wait for thousands of them.
  const listed = signers.map(({ key }) => `vkey ${formatVerifierKey(key)}\nqpd ${QUERIES_PER_DAY}\ncontact nobody\n`);
  await writeFile(join(folder, 'logs'), `logs/v0\n${listed.join('')}`);
  const firstPort = await freePorts(WITNESSES);
  const targets = await Promise.all(
    Array.from({ length: WITNESSES }, (_, i) =>
      makeTarget(root, folder, `witness-${i + 1}.example.org`, firstPort + i),
    ),
  );
  let running = true;
  for (const { process: witness } of targets) witness.start();
  const followed = targets.flatMap((target) => {
    const others = logs.slice(HONEST).values();
    return [
      ...logs.slice(0, HONEST).map((log) => target.follow([log].values(), () => running)),
      ...Array.from({ length: EQUIVOCATING }, () => target.follow(others, () => running)),
    ];
  });

  const started = performance.now();
  const count = { begun: 0, kills: 0, atStart: 0, inRace: 0 };
  await Promise.all(
    targets.map(async (target) => {
      while (count.begun < kills && !enough?.aborted) {
        count.begun++;
        const { atStart, inRace } = await live(target);
        if (atStart) count.atStart++;
        if (inRace) count.inRace++;
        await target.process.end('SIGKILL');
        count.kills++;
        progress?.(count.kills);
        target.process.start();
      }
    }),
  );
  const killsPerSecond = count.kills / ((performance.now() - started) / 1000);
  await Promise.all(targets.map((target) => live(target, 'to the end')));
  running = false;
  const origins = targets.flatMap((target) => target.origins);
  for (const origin of origins) origin.finish();
  await Promise.all(followed);
  await Promise.all(targets.map((target) => target.settle()));
  await Promise.all(targets.map((target) => target.process.end('SIGTERM')));
  await rm(folder, { recursive: true });

  const findings: Finding[] = origins.flatMap((origin) => origin.findings());
  const ofKind = (kind: FindingKind): number => findings.filter((finding) => finding.kind === kind).length;
  const cosignatures = origins.map(({ record }) => record.cosignatures);
  const unexpected = [
    ...origins.flatMap((origin) => origin.unexpected),
    ...targets.flatMap((target) => target.process.deaths),
  ];
  return {
    kills: count.kills,
    killsAtStart: count.atStart,
    killsInRace: count.inRace,
    witnesses: WITNESSES,
    frozen: origins.filter(({ frozen }) => frozen).length,
    histories: cosignatures.filter((some) => some > 0).length,
    cosignatures: cosignatures.reduce((sum, some) => sum + some, 0),
    cut: origins.reduce((sum, { cut }) => sum + cut, 0),
    forks: ofKind('forked'),
    rollbacks: ofKind('rolled-back'),
    lost: ofKind('lost'),
    unexpected: unexpected.length,
    killsPerSecond: Number(killsPerSecond.toFixed(2)),
    findings: [...new Set([...findings.map(({ text }) => text), ...unexpected.map((text) => `unexpected: ${text}`)])],
  };
}

/** From a start to the moment of the kill. */
async function live(
  target: Target,
  until?: 'to the end',
): Promise<{ readonly atStart: boolean; readonly inRace: boolean }> {
  const { process: witness } = target;
  if (!until && Math.random() < 1 / KILLED_AT_START) {
    await delay(Math.random() * witness.startMs);
    return { atStart: true, inRace: false };
  }
  await witness.listening();
  await target.audit();
  await delay(Math.random() * LIFE_MS);
  if (until || Math.random() < 0.5) return { atStart: false, inRace: false };
  await Promise.race([target.race(), delay(LIFE_MS)]);
  await delay(Math.random() * AFTER_RACE_MS);
  return { atStart: false, inRace: true };
}

async function makeTarget(root: string, folder: string, name: string, port: number): Promise<Target> {
  const file = (what: string): string => join(folder, `${name}.${what}`);
  const { publicKey } = await openKeyFile(file('key'), {
    role: 'witness',
    algorithm: 'ed25519',
    profile: 'development',
    create: true,
  });
  const env = {
    TALLY_WITNESS_PROFILE: 'development',
    TALLY_WITNESS_PORT: String(port),
    TALLY_WITNESS_NAME: name,
    TALLY_WITNESS_KEY_FILE: file('key'),
    TALLY_WITNESS_DATA_DIRECTORY: file('data'),
    TALLY_WITNESS_LISTS: join(folder, 'logs'),
    // A start is mostly the compilation of what it imports.
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
  };
  // It ends by itself, which is when the cache is written.
  await once(
    spawn(process.execPath, [join(root, 'dist/apps/witness/src/main.js'), 'create-key'], { env, cwd: root }),
    'exit',
  );
  const key = verifierKey(name, KEY_TYPE.cosignature, publicKey.raw);
  return new Target(name, key, port, new WitnessProcess({ root, port, env }));
}
