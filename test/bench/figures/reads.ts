import { join } from 'node:path';
import { tilePath } from '#libs/tlog';
import { freePorts } from '../../free-ports.js';
import { runEngine } from '../engine/run.js';
import { atLeast, type Figure } from '../figure.js';
import type { LoadGenerator } from '../load/generator.js';
import { makeLogFolder } from '../log-folder.js';
import { startLogUnderTest } from '../log-under-test.js';
import { startProgram } from '../program.js';

const LEAVES = 200_000;
const LEAF_BYTES = 100;
const FULL_TILES = Math.floor(LEAVES / 256);
/** Tiles that everybody asks for. */
const HOT_TILES = 64;
const CONNECTIONS = 64;
const TURNS = 2;

/** Hash tiles and checkpoints a second: those that everybody asks for, and each one for the first time since the start. */
export async function reads(load: LoadGenerator): Promise<Figure[]> {
  const folder = await makeLogFolder();
  await runEngine({
    env: folder.env(0),
    data: folder.data,
    do: 'append-log',
    count: LEAVES,
    bytes: LEAF_BYTES,
    atOnce: 1024,
  });
  const paths = Array.from({ length: FULL_TILES }, (_, i) => `/${tilePath(0, BigInt(i))}`);
  const hot = [...paths.slice(-HOT_TILES), ...Array.from({ length: HOT_TILES / 4 }, () => '/checkpoint')];
  const run = (port: number, repeat: boolean): Promise<number> =>
    load
      .run({
        do: 'closed-loop',
        port,
        paths: repeat ? hot : paths,
        connections: CONNECTIONS,
        warmUpSeconds: repeat ? 2 : 0,
        seconds: repeat ? 5 : 20,
        repeat,
      })
      .then(({ answered, errors, seconds }) => {
        if (errors > 0) throw new Error(`${errors} reads were not answered with 200`);
        return answered / seconds;
      });
  const port = await freePorts(1);
  const env = { PORT: String(port), FOLDER: join(folder.data, 'tiles') };
  const bare = await startProgram({ main: 'test/bench/bare/files.js', port, env, readyPath: '/checkpoint' });
  const { log, stop } = await startLogUnderTest(0, { folder });
  try {
    const [coldLimit, cold] = [await run(bare.port, false), await run(log.port, false)];
    let [hotLimit, hotRate] = [0, 0];
    for (let turn = 0; turn < TURNS; turn++) {
      hotLimit += (await run(bare.port, true)) / TURNS;
      hotRate += (await run(log.port, true)) / TURNS;
    }
    const of = `Fastify serving the same bytes from memory, ${CONNECTIONS} connections`;
    return [
      {
        figure: 'reads',
        value: hotRate,
        unit: 'reads/s',
        limit: hotLimit,
        target: atLeast(0.8),
        of: `${of}; ${HOT_TILES} tiles and the checkpoint`,
      },
      {
        figure: 'reads-cold',
        value: cold,
        unit: 'reads/s',
        limit: coldLimit,
        of: `${of}; ${FULL_TILES} tiles, each for the first time`,
      },
    ];
  } finally {
    await bare.stop();
    await stop();
  }
}
