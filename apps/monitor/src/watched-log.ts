import { formatVerifierKey, type VerifierKey } from '#libs/note';
import { FixedLogs, type KnownLog } from '#libs/gossip';
import type { TlogPolicy } from '#libs/tlog';
import type { MonitorConfig, NamedPolicy } from './config.js';

/** An address at which a checkpoint of a log can be seen. */
export interface View {
  /** `log`: the one that the log itself publishes at. */
  readonly kind: 'log' | 'mirror' | 'witness';
  readonly url: string;
  /** For people: the name of a witness, or the URL. */
  readonly name: string;
}

/** A log with everything that is configured about it. */
export interface WatchedLog extends KnownLog {
  readonly views: readonly View[];
  readonly policies: readonly NamedPolicy[];
}

export interface Watched {
  readonly logs: readonly WatchedLog[];
  readonly directory: FixedLogs;
  /** Every witness key of the settings and of the policies, each once. */
  readonly witnesses: readonly VerifierKey[];
}

/** Brings together what the lines and the policies say about each log. */
export function watchedOf(config: MonitorConfig): Watched {
  const { logs, mirrors = [], policies = [] } = config;
  const addresses = [...logs, ...policies.flatMap(({ policy }) => policy.logs)];
  const witnesses = [...(config.witnesses ?? []), ...policies.flatMap(({ policy }) => policy.witnesses)];
  const origins = [...new Set(addresses.map(({ key }) => key.name))];
  const watched = origins.map((origin): WatchedLog => {
    const own = addresses.filter(({ key }) => key.name === origin);
    const urls = unique(
      own.flatMap(({ url }) => url ?? []),
      (url) => url,
    );
    // A second address of a log is as good as a mirror: all of them should show one history.
    const copies = [...urls.slice(1), ...mirrors.filter((mirror) => mirror.origin === origin).map(({ url }) => url)];
    const views: View[] = [
      ...urls.slice(0, 1).map((url) => ({ kind: 'log', url, name: url }) as const),
      ...copies.map((url) => ({ kind: 'mirror', url, name: url }) as const),
      ...witnesses.flatMap(({ name, url }) => (url === undefined ? [] : [{ kind: 'witness', url, name } as const])),
    ];
    return {
      origin,
      keys: unique(
        own.map(({ key }) => key),
        formatVerifierKey,
      ),
      sources: unique([...urls, ...copies], (url) => url),
      views: unique(views, ({ kind, url }) => (kind === 'witness' ? `witness ${url}` : url)),
      policies: policies.filter(({ policy }) => names(policy, origin)),
    };
  });
  return {
    logs: watched,
    directory: new FixedLogs(watched),
    witnesses: unique(
      witnesses.map(({ key }) => key),
      formatVerifierKey,
    ),
  };
}

function names(policy: TlogPolicy, origin: string): boolean {
  return policy.logs.some(({ key }) => key.name === origin);
}

/** The first of each name stays. */
function unique<T>(items: readonly T[], nameOf: (item: T) => string): T[] {
  const first = new Map<string, T>();
  for (const item of items) if (!first.has(nameOf(item))) first.set(nameOf(item), item);
  return [...first.values()];
}
