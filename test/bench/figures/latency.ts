import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../free-ports.js';
import { atMost, quantile, sample, type Figure } from '../figure.js';
import { Connection } from '../load/connection.js';
import type { LoadGenerator } from '../load/generator.js';
import { startLogUnderTest } from '../log-under-test.js';
import { startProgram } from '../program.js';

const WARM_UP_SECONDS = 4;
const SECONDS = 15;
const FLOOR_SAMPLES = 200;
/** Of an entry, a mark and a checkpoint; the sizes hardly matter. */
const WRITTEN = [1400, 150, 400].map((bytes) => Buffer.alloc(bytes, 7));

/**
 * From request to answer with a 2-of-3 cosigned checkpoint, open loop, `rate` a second. The witnesses
 * are on the same machine, so checkpoints follow on each other as fast as these answer.
 */
export async function latency(load: LoadGenerator, rate: number): Promise<Figure[]> {
  await load.prepare(rate * (WARM_UP_SECONDS + SECONDS));
  const before = await floor();
  const { log, stop } = await startLogUnderTest(3, { checkpointIntervalMs: 0 });
  const order = { do: 'open-loop', port: log.port, rate, warmUpSeconds: WARM_UP_SECONDS, seconds: SECONDS } as const;
  const { latencies, errors } = await load.run(order);
  await stop();
  if (errors > 0) throw new Error(`${errors} requests were not answered with 201`);
  const limit = quantile([...before, ...(await floor())], 0.5);
  const at = (q: number): string => quantile(latencies, q).toFixed(1);
  const of = 'commit, mark, checkpoint event, and a round trip to a witness, each with its fsync';
  const all = `p50 ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}, worst ${at(1)} ms`;
  return [
    {
      figure: `latency-${rate}`,
      value: quantile(latencies, 0.5),
      unit: 'ms',
      limit,
      target: atMost(4),
      of: `${of}; ${all}`,
    },
    { figure: `latency-${rate}-p99`, value: quantile(latencies, 0.99), unit: 'ms', limit, target: atMost(20), of },
  ];
}

/** Milliseconds of what can't be left out, one after the other, with nothing of ours around it. */
async function floor(): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-bench-floor-'));
  const port = await freePorts(1);
  const env = { PORT: String(port), FILE: join(folder, 'witness') };
  const witness = await startProgram({ main: 'test/bench/bare/witness.js', port, env, readyPath: '/' });
  const files = WRITTEN.map((_, i) => openSync(join(folder, String(i)), 'w'));
  const connection = await Connection.open(port);
  const request = Buffer.concat([
    Buffer.from('POST / HTTP/1.1\r\nHost: witness\r\nContent-Length: 400\r\n\r\n'),
    Buffer.alloc(400, 7),
  ]);
  const samples = await sample(FLOOR_SAMPLES, async () => {
    WRITTEN.forEach((bytes, i) => {
      writeSync(files[i] ?? 0, bytes);
      fdatasyncSync(files[i] ?? 0);
    });
    await connection.send(request);
  });
  connection.close();
  files.forEach(closeSync);
  await witness.stop();
  await rm(folder, { recursive: true });
  return samples;
}
