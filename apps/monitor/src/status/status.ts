import { toBase64 } from '#crypto';
import { formatVerifierKey } from '#libs/note';
import { publicAlarm, type PublicAlarm } from '../alarms/alarm.js';
import type { LogFollower } from '../following/log-follower.js';
import type { Monitor } from '../monitor.js';
import type { View } from '../watched-log.js';

/** What `/status` answers. Names may be added; those that are here keep their meaning. Times are ISO 8601, sizes decimal. */
export interface MonitorStatus {
  readonly schema: 'tally/monitor-status/v1';
  readonly name: string;
  readonly profile: string;
  readonly startedAt: string;
  readonly now: string;
  readonly logs: readonly LogStatus[];
  /** Those that last, the newest first. */
  readonly alarms: readonly PublicAlarm[];
  /** null: no gossip is configured. */
  readonly gossip: {
    readonly peerId: string;
    readonly addresses: readonly string[];
    readonly peers: readonly { readonly id: string; readonly address: string; readonly witness: string | null }[];
  } | null;
  /** null: none is configured. */
  readonly webhook: { readonly waiting: number; readonly problem: string | null } | null;
}

export interface LogStatus {
  readonly origin: string;
  readonly keys: readonly string[];
  /** Keys among them that evidence convicts: what they sign is not followed any more. */
  readonly convicted: readonly string[];
  /** The newest head that is proven to extend all those before; null: none yet. */
  readonly verified: { readonly size: string; readonly root: string; readonly since: string | null } | null;
  /** The newest time that the published checkpoint states; null: it states none. */
  readonly checkpointTime: string | null;
  readonly policies: readonly {
    readonly name: string;
    /** Whether the published checkpoint has the quorum; null: not seen yet. */
    readonly met: boolean | null;
    readonly witnesses: readonly string[];
    readonly witnessCount: number;
  }[];
  readonly views: readonly ViewStatus[];
  /** What configured witnesses have cosigned last, whoever told. */
  readonly witnesses: readonly { readonly name: string; readonly size: string; readonly heardAt: string }[];
  /** Heads that wait for a proof that they belong to this log's one history. */
  readonly unlinkedHeads: number;
}

export interface ViewStatus {
  readonly kind: View['kind'];
  readonly name: string;
  readonly url: string;
  /** null: it has shown none; a witness may have none. */
  readonly size: string | null;
  /** Base64. */
  readonly root: string | null;
  readonly seenAt: string | null;
  readonly problem: string | null;
  readonly failingSince: string | null;
}

/** What `/alarms` answers. */
export interface AlarmsStatus {
  readonly schema: 'tally/monitor-alarms/v1';
  readonly open: readonly PublicAlarm[];
  /** At most 256, the newest first. */
  readonly cleared: readonly PublicAlarm[];
}

export function monitorStatus(monitor: Monitor, now: Date): MonitorStatus {
  const { config, startedAt, followers, alarms, gossip, webhook } = monitor;
  return {
    schema: 'tally/monitor-status/v1',
    name: config.name,
    profile: config.profile,
    startedAt: startedAt.toISOString(),
    now: now.toISOString(),
    logs: followers.map((follower) => logStatus(follower, monitor)),
    alarms: alarms.all().map(publicAlarm),
    gossip: gossip
      ? {
          peerId: gossip.node.peerId,
          addresses: gossip.node.addresses(),
          peers: gossip.peers().map(({ id, address, witness }) => ({ id, address, witness: witness?.name ?? null })),
        }
      : null,
    webhook: webhook ? { waiting: alarms.waiting(), problem: webhook.problem() ?? null } : null,
  };
}

export function alarmsStatus({ alarms }: Monitor): AlarmsStatus {
  return {
    schema: 'tally/monitor-alarms/v1',
    open: alarms.all().map(publicAlarm),
    cleared: alarms.cleared().map(publicAlarm),
  };
}

function logStatus(follower: LogFollower, { observer }: Monitor): LogStatus {
  const { log, verified, verifiedMs, newestTimeMs, policies } = follower;
  const { heads, witnesses } = observer.view(log.origin);
  return {
    origin: log.origin,
    keys: log.keys.map(formatVerifierKey),
    convicted: follower.convicted().map(formatVerifierKey),
    verified: verified
      ? {
          size: String(verified.checkpoint.size),
          root: toBase64(verified.checkpoint.root),
          since: isoTime(verifiedMs),
        }
      : null,
    checkpointTime: isoTime(newestTimeMs),
    policies: log.policies.map(({ name, policy }) => {
      const state = policies.find((one) => one.name === name);
      return {
        name,
        met: state?.met ?? null,
        witnesses: state?.witnesses.map((witness) => witness.name) ?? [],
        witnessCount: policy.witnesses.length,
      };
    }),
    views: follower.views.map(({ view, size, root, seenMs, problem, failingSinceMs }) => ({
      kind: view.kind,
      name: view.name,
      url: view.url,
      size: size === undefined ? null : String(size),
      root: root === undefined ? null : toBase64(root),
      seenAt: isoTime(seenMs),
      problem: problem ?? null,
      failingSince: isoTime(failingSinceMs),
    })),
    witnesses: witnesses.map(({ witness, head, seenMs }) => ({
      name: witness.name,
      size: String(head.checkpoint.size),
      heardAt: new Date(seenMs).toISOString(),
    })),
    unlinkedHeads: heads.length - observer.anchors(log.origin).length,
  };
}

function isoTime(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
