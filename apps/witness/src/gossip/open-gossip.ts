import { join } from 'node:path';
import { Gossip, Observer as GossipObserver, GossipMetrics, type LogDirectory } from '#libs/gossip';
import type { EventStore } from '#libs/event-store';
import type { ServiceContext } from '#libs/server';
import type { WitnessConfig } from '../config.js';
import type { Cosigner } from '../cosigning/cosigner.js';
import { evidencePath } from '../data-directory.js';

const BINDING_DAYS = 30;
const DAY_MS = 24 * 60 * 60_000;

/** Whether the settings want any network at all. */
export function gossips({ p2p = [], peers = [] }: WitnessConfig): boolean {
  return p2p.length > 0 || peers.length > 0;
}

/** What was seen of the logs, and what it means: kept whether there is a network or not. @throws EventStoreError */
export async function openObserver(
  config: WitnessConfig,
  { keys }: Cosigner,
  logs: LogDirectory,
  store: EventStore,
  { logger, registry }: ServiceContext,
): Promise<GossipObserver> {
  const metrics = new GossipMetrics(registry);
  const observer = await GossipObserver.open({
    store,
    evidenceDirectory: evidencePath(config.dataDirectory),
    logs,
    witnesses: [...keys, ...(config.witnesses ?? []).map(({ key }) => key)],
    storeAnchors: false,
    logger,
    onVerdict: (kind, verdict) => metrics.verdict(kind, verdict),
    onSuspicion: ({ kind }) => metrics.suspicion(kind),
  });
  metrics.watch(observer);
  return observer;
}

/** @throws P2pError */
export async function startGossip(
  config: WitnessConfig,
  cosigner: Cosigner,
  observer: GossipObserver,
  logs: LogDirectory,
  { logger, registry }: ServiceContext,
): Promise<Gossip> {
  const { dataDirectory, p2p = [], announce = [], peers = [], witnesses = [] } = config;
  const gossip = await Gossip.start({
    observer,
    logs,
    p2p: {
      keyFile: join(dataDirectory, 'p2p.key'),
      peersFile: join(dataDirectory, 'peers.json'),
      listen: p2p,
      ...(announce.length > 0 && { announce }),
      peers,
      // Two days back for clocks that are slow; made anew at each start.
      binding: (peerId, addresses) => {
        const now = Date.now();
        const validity = { notBefore: new Date(now - 2 * DAY_MS), notAfter: new Date(now + BINDING_DAYS * DAY_MS) };
        return cosigner.bindPeer({ peerId, addresses, ...validity });
      },
      witnesses: witnesses.map(({ key }) => key),
      ...(config.tuning?.p2p && { tuning: config.tuning.p2p }),
      logger,
      registry,
    },
    pull: witnesses.flatMap(({ name, url }) => (url === undefined ? [] : [{ name, url }])),
    ...(config.tuning?.pull && { pullTuning: config.tuning.pull }),
  });
  logger.info({ addresses: gossip.node.addresses(), peerId: gossip.node.peerId }, 'gossiping');
  return gossip;
}
