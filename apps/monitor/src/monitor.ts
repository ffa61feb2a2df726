import { SqliteEventStore } from '#libs/event-store';
import { Gossip, GossipMetrics, Observer } from '#libs/gossip';
import type { ServiceContext } from '#libs/server';
import { AlarmStore } from './alarms/alarm-store.js';
import type { AlarmTopic } from './alarms/alarm.js';
import { Alarms } from './alarms/alarms.js';
import { Webhook } from './alarms/webhook.js';
import type { MonitorConfig } from './config.js';
import { eventStorePath, evidencePath, nodeKeyPath, peersPath } from './data-directory.js';
import { judgeLog } from './following/judge-log.js';
import { judgeEvidence, judgeSuspicions } from './following/judge-observer.js';
import { LogFollower } from './following/log-follower.js';
import { Poller } from './following/poller.js';
import { MonitorMetrics } from './metrics.js';
import { watchedOf, type Watched } from './watched-log.js';

/** Time makes alarms, too. */
const JUDGE_MAX_MS = 5_000;
/** Suspicions do not outlive the process, but what they come from does: for so long after a start, none is called over. */
const SUSPICIONS_SETTLE_MS = 2 * 60_000;

type Context = Pick<ServiceContext, 'logger' | 'registry' | 'readiness'>;

/** Follows what is configured, for as long as it is open. */
export class Monitor {
  readonly startedAt = new Date();
  readonly #closers: readonly (() => Promise<void>)[];

  private constructor(
    readonly config: MonitorConfig,
    readonly observer: Observer,
    readonly followers: readonly LogFollower[],
    readonly alarms: Alarms,
    readonly gossip: Gossip | undefined,
    readonly webhook: Webhook | undefined,
    closers: readonly (() => Promise<void>)[],
  ) {
    this.#closers = closers;
  }

  /** @throws EventStoreError, P2pError; Error for stored events that can't be read */
  static async open(config: MonitorConfig, context: Context): Promise<Monitor> {
    const closers: (() => Promise<void>)[] = [];
    try {
      return await openParts(config, context, closers, (...parts) => new Monitor(config, ...parts, closers));
    } catch (error) {
      await closeAll(closers);
      throw error;
    }
  }

  /** Ends everything; what was found is durable then. */
  close(): Promise<void> {
    return closeAll(this.#closers);
  }
}

type Parts = [Observer, readonly LogFollower[], Alarms, Gossip | undefined, Webhook | undefined];

/** What was opened last is closed first. */
async function openParts(
  config: MonitorConfig,
  { logger, registry, readiness }: Context,
  closers: (() => Promise<void>)[],
  made: (...parts: Parts) => Monitor,
): Promise<Monitor> {
  const { dataDirectory, webhook: url, pollMs, p2p = [], peers = [], announce = [], p2pTuning } = config;
  const watched = watchedOf(config);
  const { logs, directory, witnesses } = watched;
  const now = Date.now;

  const store = await SqliteEventStore.open({ path: eventStorePath(dataDirectory) });
  closers.push(() => store.close());
  const alarmStore = new AlarmStore(store, logger);
  const alarms = await Alarms.open({ store: alarmStore, logger, now });
  closers.push(() => alarmStore.flush());
  readiness.add('alarms', () => alarmStore.problem());

  const gossipMetrics = new GossipMetrics(registry);
  const judgeObserver = (): void => {
    for (const finding of [...judgeEvidence(observer), ...judgeSuspicions(observer)]) alarms.apply(finding);
  };
  const observer: Observer = await Observer.open({
    store,
    evidenceDirectory: evidencePath(dataDirectory),
    logs: directory,
    witnesses,
    storeAnchors: true,
    logger,
    now,
    onEvidence: () => judgeObserver(),
    onSuspicion: ({ kind }) => gossipMetrics.suspicion(kind),
    onVerdict: (kind, verdict) => gossipMetrics.verdict(kind, verdict),
  });
  closers.push(() => observer.close());
  gossipMetrics.watch(observer);

  const metrics = new MonitorMetrics(registry, logs.length, alarms);
  const followers = logs.map(
    (log) => new LogFollower({ log, observer, witnesses, lagAfterMs: config.lagAfterMs, logger, now }),
  );
  const startedMs = now();
  const isWatched = watchedTopics(watched, observer, () => now() - startedMs > SUSPICIONS_SETTLE_MS);
  const judgeAll = (): void => {
    alarms.retain(isWatched);
    judgeObserver();
    for (const follower of followers) judgeOne(follower);
  };
  const judgeOne = (follower: LogFollower): void => {
    for (const finding of judgeLog(follower, config, now())) alarms.apply(finding);
  };
  judgeAll();

  const webhook =
    url === undefined
      ? undefined
      : new Webhook({ url, monitor: config.name, alarms, logger, onDelivery: (outcome) => metrics.delivered(outcome) });
  if (webhook) closers.push(() => webhook.close());

  // Without any address there is nobody to gossip with. Witnesses are polled for each log anyway, so they are not pulled too.
  const gossip =
    p2p.length + peers.length === 0
      ? undefined
      : await Gossip.start({
          observer,
          logs: directory,
          p2p: {
            keyFile: nodeKeyPath(dataDirectory),
            peersFile: peersPath(dataDirectory),
            listen: p2p,
            peers,
            witnesses,
            logger,
            registry,
            ...(announce.length > 0 && { announce }),
            ...(p2pTuning && { tuning: p2pTuning }),
          },
        });
  if (gossip) closers.push(() => gossip.close());

  const jobs = followers.flatMap((follower) =>
    follower.views.map((state) => ({
      group: follower.log.origin,
      poll: async (signal: AbortSignal): Promise<boolean> => {
        const well = await follower.poll(state, signal);
        if (signal.aborted) return false;
        metrics.polled(state.view.kind, well);
        judgeOne(follower);
        return well;
      },
    })),
  );
  const poller = new Poller(jobs, pollMs);
  const timer = setInterval(judgeAll, Math.max(50, Math.min(JUDGE_MAX_MS, pollMs / 2))).unref();
  closers.push(async () => {
    clearInterval(timer);
    await poller.close();
  });
  poller.begin();
  logger.info({ logs: logs.length, addresses: jobs.length, gossip: gossip !== undefined }, 'following');
  return made(observer, followers, alarms, gossip, webhook);
}

async function closeAll(closers: readonly (() => Promise<void>)[]): Promise<void> {
  for (const close of closers.toReversed()) await close();
}

/** Whether anything will ever say that an alarm is over: if not, it is over. */
function watchedTopics(
  { logs }: Watched,
  observer: Observer,
  suspicionsAreSettled: () => boolean,
): (topic: AlarmTopic) => boolean {
  return ({ kind, origin, subject }) => {
    if (kind === 'evidence') return true;
    const log = logs.find((one) => one.origin === origin);
    if (log === undefined) return false;
    if (kind === 'suspicion') {
      const raised = observer
        .suspected()
        .some(({ suspicion }) => suspicion.origin === origin && suspicion.kind === subject);
      return raised || !suspicionsAreSettled();
    }
    if (kind === 'no-quorum') return log.policies.some(({ name }) => name === subject);
    if (kind === 'view-behind' || kind === 'unreachable') return log.views.some(({ url }) => url === subject);
    return log.views.some((view) => view.kind === 'log');
  };
}
