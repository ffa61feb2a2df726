import { closedLoop, openLoop, type LoadResult } from './loops.js';
import { gets, signedEntries } from './requests.js';

/** The load generator: a process of its own, which is told over IPC what to prepare and what to send. */
export type LoadOrder =
  | { readonly do: 'prepare'; readonly entries: number }
  | {
      readonly do: 'closed-loop';
      readonly port: number;
      /** Paths to GET; the prepared entries otherwise. */
      readonly paths?: readonly string[];
      readonly connections: number;
      readonly warmUpSeconds: number;
      readonly seconds: number;
      readonly repeat?: boolean;
    }
  | {
      readonly do: 'open-loop';
      readonly port: number;
      readonly rate: number;
      readonly warmUpSeconds: number;
      readonly seconds: number;
    };

let prepared: Uint8Array[] = [];

async function obey(order: LoadOrder): Promise<LoadResult | undefined> {
  switch (order.do) {
    case 'prepare':
      prepared = signedEntries('127.0.0.1', order.entries);
      return undefined;
    case 'closed-loop': {
      const { port, paths, repeat = false, ...options } = order;
      const requests = paths ? gets('127.0.0.1', paths) : prepared;
      return closedLoop(port, requests, { ...options, repeat, status: paths ? 200 : 201 });
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
