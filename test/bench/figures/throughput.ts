import { freePorts } from '../../free-ports.js';
import { atLeast, quantile, type Figure } from '../figure.js';
import type { LoadGenerator } from '../load/generator.js';
import { startLogUnderTest } from '../log-under-test.js';
import { startProgram, type Program } from '../program.js';

const WARM_UP_SECONDS = 3;
const SECONDS = 8;
const CONNECTIONS = 1024;
/** More than are answered in one run. */
const ENTRIES = 30_000;
/** Log and limit take turns: a neighbour on the machine then disturbs both. */
const TURNS = 2;

interface Rate {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuMicroseconds: number;
}

/** Signed entries a second, durable, and answered with proof and published checkpoint. */
export async function throughput(load: LoadGenerator, witnesses: 0 | 3): Promise<Figure[]> {
  await load.prepare(ENTRIES);
  const logRates: Rate[] = [];
  const bareRates: Rate[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const [port] = [await freePorts(1)];
    const bare = await startProgram({
      main: 'test/bench/bare/verifier.js',
      port,
      env: { PORT: String(port) },
      readyPath: '/ready',
    });
    bareRates.push(await measure(load, bare));
    await bare.stop();
    const { log, stop } = await startLogUnderTest(witnesses);
    logRates.push(await measure(load, log));
    await stop();
  }
  const mean = (rates: readonly Rate[], of: keyof Rate): number =>
    rates.reduce((sum, rate) => sum + rate[of], 0) / rates.length;
  const whole = (number: number): string => number.toFixed(0);
  const processor = `${whole(mean(logRates, 'cpuMicroseconds'))} µs of processor an entry against ${whole(mean(bareRates, 'cpuMicroseconds'))}`;
  const latency = `p50 ${whole(mean(logRates, 'p50'))} ms, p99 ${whole(mean(logRates, 'p99'))} ms`;
  return [
    {
      figure: witnesses > 0 ? 'throughput-witnessed' : 'throughput',
      value: mean(logRates, 'perSecond'),
      unit: 'entries/s',
      limit: mean(bareRates, 'perSecond'),
      target: atLeast(witnesses > 0 ? 0.5 : 0.6),
      of: `a bare server that verifies the same requests; ${CONNECTIONS} connections, no error; ${latency}; ${processor}`,
    },
  ];
}

async function measure(load: LoadGenerator, program: Program): Promise<Rate> {
  const before = await program.cpuSeconds();
  const result = await load.run({
    do: 'closed-loop',
    port: program.port,
    connections: CONNECTIONS,
    warmUpSeconds: WARM_UP_SECONDS,
    seconds: SECONDS,
  });
  if (result.errors > 0) throw new Error(`${result.errors} requests were not answered with 201`);
  const cpu = (await program.cpuSeconds()) - before;
  const perSecond = result.answered / result.seconds;
  return {
    perSecond,
    p50: quantile(result.latencies, 0.5),
    p99: quantile(result.latencies, 0.99),
    cpuMicroseconds: (cpu * 1e6) / (perSecond * (WARM_UP_SECONDS + SECONDS)),
  };
}
