import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SqliteEventStore } from '#libs/event-store';
import { formatVerifierKey, KEY_TYPE, verifierKey } from '#libs/note';
import { openKeyFile } from '#libs/signer';
import { MarkFile } from '../../../apps/log/src/sequencer/mark.js';
import { freePorts } from '../../free-ports.js';
import { RecordedLog } from '../recorded-log.js';
import { openDoor } from '../recording-witness.js';
import { Load } from './load.js';
import { startProgram, type Program } from './program.js';

const ORIGIN = 'kill.example.org';
const WITNESS = 'witness.example.org/w1';
const CLIENTS = 32;
/** A process lives at most this long under load before it is killed. */
const LIFE_MS = 400;
/** One in so many is killed while it starts. */
const KILLED_AT_START = 5;
const START_MS = 700;

export interface KillReport {
  readonly kills: number;
  /** Entries that a client was told to be in the log. */
  readonly acknowledged: number;
  /** Acknowledged, and not in the log at their index. */
  readonly lost: number;
  /** Checkpoints that are no prefix of the log, and entries that are in it twice. */
  readonly forked: number;
  readonly findings: readonly string[];
}

/**
 * The built log and a built witness as processes, under load: the log is killed again and again, at any moment, its start
 * included. At the end every answer that any client got and every checkpoint that anybody saw is held against the log.
 */
export async function killLoop(kills: number, progress: (kill: number) => void = () => undefined): Promise<KillReport> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-kill-'));
  const inFolder = (name: string): string => join(folder, name);
  const key = { algorithm: 'ed25519', profile: 'development', create: true } as const;
  const signer = await openKeyFile(inFolder('log.key'), { ...key, role: 'rekor-log' });
  const cosigner = await openKeyFile(inFolder('witness.key'), { ...key, role: 'witness' });
  const recorded = new RecordedLog(ORIGIN, signer);
  const ports = await freePorts(2);
  const [logUrl, witnessUrl] = [`http://127.0.0.1:${ports}`, `http://127.0.0.1:${ports + 1}`];

  const witness = startProgram('witness', witnessUrl, {
    TALLY_WITNESS_PROFILE: 'development',
    TALLY_WITNESS_PORT: String(ports + 1),
    TALLY_WITNESS_NAME: WITNESS,
    TALLY_WITNESS_KEY_FILE: inFolder('witness.key'),
    TALLY_WITNESS_DATA_DIRECTORY: inFolder('witness'),
    TALLY_WITNESS_LOGS: formatVerifierKey(verifierKey(ORIGIN, KEY_TYPE.ed25519, signer.publicKey.raw)),
  });
  await witness.ready();
  const door = await openDoor(witnessUrl, async (_origin, note) => {
    recorded.checkpoint('the witness', note);
    return true;
  });
  const cosignerKey = formatVerifierKey(verifierKey(WITNESS, KEY_TYPE.cosignature, cosigner.publicKey.raw));
  await writeFile(inFolder('policy'), `witness w1 ${cosignerKey} ${door.url}\nquorum w1\n`);
  const startLog = (): Program =>
    startProgram('log', logUrl, {
      TALLY_LOG_PROFILE: 'development',
      TALLY_LOG_PORT: String(ports),
      TALLY_LOG_KIND: 'rekor',
      TALLY_LOG_ORIGIN: ORIGIN,
      TALLY_LOG_INCEPTION: new Date().toISOString(),
      TALLY_LOG_DATA_DIRECTORY: inFolder('log'),
      TALLY_LOG_KEY_FILE: inFolder('log.key'),
      TALLY_LOG_MARK_FILE: inFolder('log.mark'),
      TALLY_LOG_POLICY_FILE: inFolder('policy'),
      TALLY_LOG_CHECKPOINT_INTERVAL_MS: '5',
    });
  // The mark says what was signed last, whether or not it was shown to anybody.
  const noteMark = async (): Promise<void> => {
    const mark = await new MarkFile(inFolder('log.mark'), ORIGIN).read();
    if (mark) recorded.root('the mark', mark);
  };

  const load = new Load(logUrl, recorded, CLIENTS);
  for (let kill = 1; kill <= kills; kill++) {
    const log = startLog();
    if (Math.random() < 1 / KILLED_AT_START) {
      await delay(Math.random() * START_MS);
    } else {
      await log.ready();
      await delay(Math.random() * LIFE_MS);
    }
    await log.end('SIGKILL');
    await noteMark();
    progress(kill);
  }
  const log = startLog();
  await log.ready();
  await load.finish();
  await log.end('SIGTERM');
  await noteMark();
  await door.close();
  await witness.end('SIGTERM');

  const store = await SqliteEventStore.open({ path: join(inFolder('log'), 'events.sqlite') });
  const findings = await recorded.findings(store);
  await store.close();
  await rm(folder, { recursive: true });
  const lost = findings.filter((finding) => finding.startsWith('lost')).length;
  return { kills, acknowledged: recorded.acknowledged, lost, forked: findings.length - lost, findings };
}
