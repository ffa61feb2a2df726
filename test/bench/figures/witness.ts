import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openKeyFile } from '#libs/signer';
import { freePorts } from '../../free-ports.js';
import { atLeast, atMost, quantile, type Figure } from '../figure.js';
import type { LoadGenerator } from '../load/generator.js';
import { startProgram, type Program } from '../program.js';

const ORIGINS = 2000;
/** More than are answered in one run. */
const HEADS = 40;
const CONNECTIONS = 64;
/** Until every log has been here a few times: keys and heads of those that come back are kept. */
const WARM_UP_SECONDS = 6;
const SECONDS = 8;
const TURNS = 2;

/** The profile of the witness network, "100 qps, 40 thousand logs": that many a log and day. */
const MANY_ORIGINS = 40_000;
const QUERIES_PER_DAY = 216;
const MEMORY_LIMIT_MIB = 150;
const GOSSIP_MEMORY_LIMIT_MIB = 220;
/** V8 looks through the heap once it is quiet for some seconds. */
const SETTLE_MS = 20_000;
const MIB = 2 ** 20;

const profile = 'development';

interface Rate {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuMicroseconds: number;
}

/** Checkpoints a second that are compared, cosigned, durable and answered. */
export async function witness(load: LoadGenerator): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-bench-witness-'));
  const logs = join(folder, 'logs');
  await load.prepareCheckpoints({ origins: ORIGINS, heads: HEADS, keysFile: logs });
  const [rates, limits]: [Rate[], Rate[]] = [[], []];
  for (let turn = 0; turn < TURNS; turn++) {
    const bare = await startBare(folder, logs);
    limits.push(await measure(load, bare));
    await bare.stop();
    const program = await startWitness(join(folder, String(turn)), { TALLY_WITNESS_LOGS_FILE: logs });
    rates.push(await measure(load, program));
    await program.stop();
  }
  await rm(folder, { recursive: true });
  const mean = (of: keyof Rate, from: readonly Rate[] = rates): number =>
    from.reduce((sum, rate) => sum + rate[of], 0) / from.length;
  const whole = (number: number): string => number.toFixed(0);
  const latency = `p50 ${mean('p50').toFixed(1)} ms, p99 ${mean('p99').toFixed(1)} ms`;
  const processor = `${whole(mean('cpuMicroseconds'))} µs of processor a checkpoint against ${whole(mean('cpuMicroseconds', limits))}`;
  return [
    {
      figure: 'witness',
      value: mean('perSecond'),
      unit: 'checkpoints/s',
      limit: mean('perSecond', limits),
      target: atLeast(0.5),
      of: `a bare server that verifies, signs and has it on disk by groups; ${ORIGINS} logs, ${CONNECTIONS} connections, no error; ${latency}; ${processor}`,
    },
  ];
}

/** What a witness holds that has cosigned each of very many logs once: alone, and as a node of the gossip network. */
export async function witnessMemory(load: LoadGenerator): Promise<Figure[]> {
  const gossip = { TALLY_WITNESS_P2P: '/ip4/127.0.0.1/tcp/0' };
  return [
    await memoryFigure(load, 'witness-memory', MEMORY_LIMIT_MIB, {}),
    await memoryFigure(load, 'witness-memory-gossip', GOSSIP_MEMORY_LIMIT_MIB, gossip),
  ];
}

async function memoryFigure(
  load: LoadGenerator,
  figure: string,
  limit: number,
  settings: Readonly<Record<string, string>>,
): Promise<Figure> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-bench-witness-'));
  const [keysFile, list] = [join(folder, 'keys'), join(folder, 'list')];
  await load.prepareCheckpoints({ origins: MANY_ORIGINS, heads: 1, keysFile });
  await writeFile(list, logList((await readFile(keysFile, 'utf8')).trimEnd().split('\n')));
  const program = await startWitness(folder, { TALLY_WITNESS_LISTS: list, ...settings });
  const before = await program.residentBytes();
  const { errors } = await load.run({
    do: 'closed-loop',
    port: program.port,
    connections: CONNECTIONS,
    warmUpSeconds: 0,
    seconds: 600,
    status: 200,
  });
  if (errors > 0) throw new Error(`${errors} requests were not answered with 200`);
  await delay(SETTLE_MS);
  const after = await program.residentBytes();
  await program.stop();
  await rm(folder, { recursive: true });
  return {
    figure,
    value: after / MIB,
    unit: 'MiB',
    limit,
    target: atMost(1),
    of: `what a small machine has to spare; ${MANY_ORIGINS} logs, of a list, each cosigned once; ${(before / MIB).toFixed(0)} MiB after the start`,
  };
}

async function startBare(folder: string, logs: string): Promise<Program> {
  const port = await freePorts(1);
  const env = { PORT: String(port), LOGS: logs, FILE: join(folder, 'bare') };
  return startProgram({ main: 'test/bench/bare/cosigner.js', port, env, readyPath: '/ready' });
}

/** As witness-network.org publishes them. */
function logList(keys: readonly string[]): string {
  return `logs/v0\n${keys.map((key) => `vkey ${key}\nqpd ${QUERIES_PER_DAY}\ncontact nobody\n`).join('\n')}`;
}

async function startWitness(folder: string, logs: Readonly<Record<string, string>>): Promise<Program> {
  const port = await freePorts(1);
  const keyFile = `${folder}.key`;
  await openKeyFile(keyFile, { role: 'witness', algorithm: 'ed25519', profile, create: true });
  const env = {
    TALLY_WITNESS_PROFILE: profile,
    TALLY_WITNESS_PORT: String(port),
    TALLY_WITNESS_NAME: 'witness.bench.tally.localhost',
    TALLY_WITNESS_KEY_FILE: keyFile,
    TALLY_WITNESS_DATA_DIRECTORY: join(folder, 'data'),
    ...logs,
  };
  // As a user starts it: the command sets limits to its memory.
  return startProgram({ main: '../apps/witness/bin/tally-witness.js', port, env, readyPath: '/health/live' });
}

async function measure(load: LoadGenerator, program: Program): Promise<Rate> {
  const before = await program.cpuSeconds();
  const result = await load.run({
    do: 'closed-loop',
    port: program.port,
    connections: CONNECTIONS,
    warmUpSeconds: WARM_UP_SECONDS,
    seconds: SECONDS,
    status: 200,
  });
  if (result.errors > 0) throw new Error(`${result.errors} requests were not answered with 200`);
  const cpu = (await program.cpuSeconds()) - before;
  const perSecond = result.answered / result.seconds;
  return {
    perSecond,
    p50: quantile(result.latencies, 0.5),
    p99: quantile(result.latencies, 0.99),
    cpuMicroseconds: (cpu * 1e6) / (perSecond * (WARM_UP_SECONDS + result.seconds)),
  };
}
