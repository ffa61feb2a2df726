import { join } from 'node:path';
import { formatVerifierKey, parseVerifierKey } from '#libs/note';
import { QuietNode } from './quiet-node.js';
import type { Answer, Order } from './worker-process.js';

/** Some nodes in a process of their own. Told what to do, and answers each order once it is done. */
const nodes: QuietNode[] = [];
/** When it last happened at each node. */
let heads: (number | undefined)[] = [];
let evidence: (number | undefined)[] = [];
let settled: (() => void) | undefined;

const all = (times: readonly (number | undefined)[]): times is number[] =>
  nodes.every((_, i) => times[i] !== undefined);

function waitFor(times: () => readonly (number | undefined)[]): Promise<void> {
  return new Promise((resolve) => {
    settled = () => {
      if (all(times())) resolve();
    };
    settled();
  });
}

async function obey(order: Order): Promise<Answer> {
  switch (order.do) {
    case 'start': {
      const keys = order.keys.map(parseVerifierKey);
      for (let i = 0; i < order.count; i++) {
        const folder = join(order.folder, `${order.name}-${i}`);
        const onHead = (at: number): void => {
          heads[i] = at;
          settled?.();
        };
        const onEvidence = (at: number): void => {
          evidence[i] = at;
          settled?.();
        };
        nodes.push(await QuietNode.start(folder, keys, onHead, onEvidence));
      }
      return { nodes: nodes.map(({ key, address }) => ({ key: formatVerifierKey(key), address })) };
    }
    case 'link':
      for (const { node, address } of order.links) await nodes[node]?.gossip.node.connect(address);
      return {};
    case 'hold':
      for (const node of nodes) node.hold(order.origin, Buffer.from(order.note, 'base64'));
      return {};
    case 'watch':
      [heads, evidence] = [[], []];
      return {};
    case 'publish': {
      heads[order.node] = 0; // it has it
      const at = await nodes[order.node]?.publish(Buffer.from(order.note, 'base64'), parseVerifierKey(order.key));
      return { times: at === undefined ? [] : [at] };
    }
    case 'heads':
      await waitFor(() => heads);
      return { times: heads.filter((at) => at !== undefined) };
    case 'evidence':
      await waitFor(() => evidence);
      return { times: evidence.filter((at) => at !== undefined) };
    case 'ping': {
      const times: number[] = [];
      for (const node of nodes) times.push(await node.pingMs());
      return { times };
    }
    case 'stop':
      await Promise.all(nodes.map((node) => node.stop()));
      return {};
  }
}

process.on('message', (order: Order) => {
  obey(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
