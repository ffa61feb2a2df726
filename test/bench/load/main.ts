import { writeFile } from 'node:fs/promises';
import { checkpointRequests } from './checkpoints.js';
import { closedLoop, openLoop, type LoadResult } from './loops.js';
import { gets, signedEntries } from './requests.js';

/** The load generator: a process of its own, which is told over IPC what to prepare and what to send. */
export type LoadOrder =
  | { readonly do: 'prepare'; readonly entries: number }
  | {
      readonly do: 'prepare-checkpoints';
      readonly origins: number;
      readonly heads: number;
      /** Gets the verifier keys of the logs, one a line. */
      readonly keysFile: string;
    }
  | {
      readonly do: 'closed-loop';
      readonly port: number;
      /** Paths to GET; what was prepared otherwise. */
      readonly paths?: readonly string[];
      readonly connections: number;
      readonly warmUpSeconds: number;
      readonly seconds: number;
      readonly repeat?: boolean;
      /** Of the answers; otherwise 200 for paths, 201 for entries. */
      readonly status?: number;
    }
  | {
      readonly do: 'open-loop';
      readonly port: number;
      readonly rate: number;
      readonly warmUpSeconds: number;
      readonly seconds: number;
    };

let prepared: readonly Uint8Array[] = [];

async function obey(order: LoadOrder): Promise<LoadResult | undefined> {
  switch (order.do) {
    case 'prepare':
      prepared = signedEntries('127.0.0.1', order.entries);
      return undefined;
    case 'prepare-checkpoints': {
      const { requests, keys } = await checkpointRequests('127.0.0.1', order.origins, order.heads);
      await writeFile(order.keysFile, keys.map((key) => `${key}\n`).join(''));
      prepared = requests;
      return undefined;
    }
    case 'closed-loop': {
      const { port, paths, repeat = false, status = paths ? 200 : 201, ...options } = order;
      const requests = paths ? gets('127.0.0.1', paths) : prepared;
      return closedLoop(port, requests, { ...options, repeat, status });
    }
    case 'open-loop': {
      const { port, ...options } = order;
      return openLoop(port, prepared, { ...options, status: 201 });
    }
  }
}

process.on('message', (order: LoadOrder) => {
  void obey(order).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
