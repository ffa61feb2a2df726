import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStore, SqliteEventStore } from '#libs/event-store';
import { EVIDENCE_MAX_BYTES } from '#libs/evidence';
import { Observer as GossipObserver } from '#libs/gossip';
import { formatVerifierKey } from '#libs/note';
import type { Service, ServiceContext } from '#libs/server';
import type { WitnessConfig } from './config.js';
import { AddCheckpointController } from './cosigning/add-checkpoint.controller.js';
import { AddCheckpointHandler } from './cosigning/add-checkpoint.handler.js';
import { Budget } from './cosigning/budget.js';
import { Cosigner } from './cosigning/cosigner.js';
import { Gate } from './cosigning/gate.js';
import { Heads } from './cosigning/heads.js';
import { LatestCosigned } from './cosigning/latest-cosigned.js';
import { Observer } from './cosigning/observer.js';
import { openCosigner } from './cosigning/open-cosigner.js';
import { eventStorePath, listsPath } from './data-directory.js';
import { EvidenceController } from './gossip/evidence.controller.js';
import { mirrorSightings } from './gossip/mirror-sightings.js';
import { Network } from './gossip/network.js';
import { gossips, openObserver } from './gossip/open-gossip.js';
import { PeerRequestsHandler } from './gossip/peer-requests.handler.js';
import { Sightings } from './gossip/sightings.js';
import { WatchedLogs } from './gossip/watched-logs.js';
import { KnownLogs } from './logs/known-logs.js';
import { ListFollower } from './logs/list-follower.js';
import { LastRun } from './lookback/last-run.js';
import { Lookback } from './lookback/lookback.js';
import { OutdatedRecords } from './lookback/outdated.js';
import { WitnessMetrics } from './metrics.js';
import { MirrorModule } from './mirror/mirror.module.js';
import { Mirrors } from './mirror/mirrors.js';
import { openMirror } from './mirror/open-mirror.js';
import { CheckpointController } from './monitoring/checkpoint.controller.js';
import { GetCheckpointHandler } from './monitoring/get-checkpoint.handler.js';
import { StatusController } from './status/status.controller.js';
import { Status } from './status/status.js';
import { expectOwnName } from './own-name.js';
import { SignSubtreeController } from './subtree/sign-subtree.controller.js';
import { SignSubtreeHandler } from './subtree/sign-subtree.handler.js';

export type { WitnessConfig } from './config.js';

/** What runs beside the requests: begun when everything is there, ended with the service. */
class Background {
  constructor(
    readonly lists: readonly ListFollower[],
    private readonly lookback: Lookback,
    private readonly lastRun: LastRun,
    private readonly network: Network,
  ) {}

  async begin(logs: KnownLogs): Promise<void> {
    for (const list of this.lists) await list.begin();
    await this.lastRun.begin(() => {
      this.lookback.startOver();
      this.lookback.begin(logs.all());
    });
    this.lookback.begin(logs.all());
    await this.network.begin();
  }

  async end(): Promise<void> {
    for (const list of this.lists) list.end();
    this.lookback.end();
    await this.network.end();
    await this.lastRun.end();
  }
}

@Module({})
export class WitnessModule implements OnApplicationShutdown {
  constructor(
    private readonly store: EventStore,
    private readonly background: Background,
  ) {}

  static with(config: WitnessConfig, context: ServiceContext): DynamicModule {
    const { registry, readiness, logger } = context;
    const { dataDirectory } = config;
    const mirrors = (config.mirrors?.length ?? 0) > 0;
    const mirror = mirrors ? [MirrorModule.with(() => openMirror(config), context)] : [];
    const mirrorListener = {
      provide: 'mirror listener',
      useFactory: (mirror: Mirrors, sightings: Sightings, observer: GossipObserver, logs: WatchedLogs) =>
        mirror.connect(mirrorSightings(sightings, observer, logs, logger)),
      inject: [Mirrors, Observer, GossipObserver, WatchedLogs],
    };
    return {
      module: WitnessModule,
      imports: [CqrsModule.forRoot(), ...mirror],
      controllers: [
        AddCheckpointController,
        SignSubtreeController,
        EvidenceController,
        StatusController,
        CheckpointController,
      ],
      providers: [
        AddCheckpointHandler,
        SignSubtreeHandler,
        GetCheckpointHandler,
        ...(mirrors ? [mirrorListener] : []),
        Budget,
        LatestCosigned,
        { provide: KnownLogs, useFactory: () => new KnownLogs(config.logs) },
        PeerRequestsHandler,
        {
          provide: WatchedLogs,
          useFactory: (logs: KnownLogs) => new WatchedLogs(logs, config.profile === 'production'),
          inject: [KnownLogs],
        },
        {
          provide: GossipObserver,
          useFactory: (cosigner: Cosigner, logs: WatchedLogs, store: EventStore) =>
            openObserver(config, cosigner, logs, store, context),
          inject: [Cosigner, WatchedLogs, EventStore],
        },
        {
          provide: Observer,
          useFactory: (observer: GossipObserver, heads: Heads, { keys }: Cosigner) =>
            new Sightings({ observer, heads, ownKeys: keys, gossips: gossips(config), logger }),
          inject: [GossipObserver, Heads, Cosigner],
        },
        {
          provide: Network,
          useFactory: (
            cosigner: Cosigner,
            observer: GossipObserver,
            logs: WatchedLogs,
            heads: Heads,
            peers: PeerRequestsHandler,
            lookback: Lookback,
          ) => new Network({ config, cosigner, observer, logs, heads, peers, lookback, context }),
          inject: [Cosigner, GossipObserver, WatchedLogs, Heads, PeerRequestsHandler, Lookback],
        },
        {
          provide: Cosigner,
          useFactory: async () => {
            const cosigner = await openCosigner(config);
            logger.info({ verifierKeys: cosigner.keys.map(formatVerifierKey) }, 'cosigning');
            return cosigner;
          },
        },
        {
          // After everything else that can fail, so that nothing has to be closed when the start does.
          provide: EventStore,
          useFactory: async () => {
            const store = await SqliteEventStore.open({ path: eventStorePath(dataDirectory) });
            await expectOwnName(store, config.name).catch(async (error: unknown) => {
              await store.close();
              throw error;
            });
            return store;
          },
          inject: [Cosigner, KnownLogs],
        },
        {
          provide: Heads,
          useFactory: (store: EventStore) => {
            const heads = new Heads(store, logger);
            readiness.add('store', () => heads.problem());
            return heads;
          },
          inject: [EventStore],
        },
        {
          provide: OutdatedRecords,
          useFactory: async (store: EventStore) => {
            const outdated = await OutdatedRecords.open(store, logger);
            readiness.add('record', () => outdatedProblem(outdated));
            return outdated;
          },
          inject: [EventStore],
        },
        // The store has made the directory.
        { provide: LastRun, useFactory: () => LastRun.read(dataDirectory, logger), inject: [EventStore] },
        {
          provide: Lookback,
          useFactory: (heads: Heads, { verifiers }: Cosigner, outdated: OutdatedRecords, lastRun: LastRun) =>
            new Lookback({ heads, verifiers, outdated, lastRun, logger }),
          inject: [Heads, Cosigner, OutdatedRecords, LastRun],
        },
        {
          provide: Gate,
          useFactory: (observer: Observer, lookback: Lookback, budget: Budget, latest: LatestCosigned) =>
            new Gate(observer, lookback, budget, latest),
          inject: [Observer, Lookback, Budget, LatestCosigned],
        },
        {
          provide: WitnessMetrics,
          useFactory: (logs: KnownLogs, observer: Observer, outdated: OutdatedRecords) =>
            new WitnessMetrics(registry, {
              logs: () => logs.count,
              frozen: () => observer.frozen().length,
              outdated: () => outdated.all().length,
            }),
          inject: [KnownLogs, Observer, OutdatedRecords],
        },
        {
          provide: Background,
          useFactory: async (
            logs: KnownLogs,
            metrics: WitnessMetrics,
            lookback: Lookback,
            lastRun: LastRun,
            network: Network,
          ) => {
            const lists = (config.lists ?? []).map(
              (source) => new ListFollower(source, listsPath(dataDirectory), { logs, metrics, logger }),
            );
            const background = new Background(lists, lookback, lastRun, network);
            await background.begin(logs);
            if (logs.count === 0) logger.warn('no log is configured: every checkpoint will be refused');
            return background;
          },
          inject: [KnownLogs, WitnessMetrics, Lookback, LastRun, Network],
        },
        {
          provide: Status,
          useFactory: (
            { lists }: Background,
            cosigner: Cosigner,
            heads: Heads,
            latest: LatestCosigned,
            logs: KnownLogs,
            observer: Observer,
            outdated: OutdatedRecords,
            metrics: WitnessMetrics,
            gossip: GossipObserver,
            network: Network,
          ) =>
            new Status({
              profile: config.profile,
              cosigner,
              heads,
              latest,
              logs,
              lists,
              observer,
              gossip,
              network,
              outdated,
              metrics,
            }),
          inject: [
            Background,
            Cosigner,
            Heads,
            LatestCosigned,
            KnownLogs,
            Observer,
            OutdatedRecords,
            WitnessMetrics,
            GossipObserver,
            Network,
          ],
        },
      ],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.background.end();
    await this.store.close();
  }
}

function outdatedProblem(outdated: OutdatedRecords): string | undefined {
  const { length } = outdated.all();
  if (length === 0) return undefined;
  return `of ${length} logs more was cosigned than is remembered: the data is from a backup, or the key is used elsewhere`;
}

/** The service, to be started with `startService`. */
export function witnessService(config: WitnessConfig): Service {
  return {
    name: 'witness',
    config,
    module: (context) => WitnessModule.with(config, context),
    errors: () => 'plain',
    // What else is posted is shorter, and says so itself.
    bodyLimit: EVIDENCE_MAX_BYTES,
    bodies: 'bytes',
  };
}
