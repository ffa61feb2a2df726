import type { ConfigWord } from '#libs/server';

/** Each word of the config file with what follows it. Those that repeat add one more of a kind; the others set one thing. */
export const CONFIG_WORDS = {
  name: { usage: 'name <name>', items: [1, 1], repeats: false },
  profile: { usage: 'profile development|production', items: [1, 1], repeats: false },
  listen: { usage: 'listen <host>:<port>', items: [1, 1], repeats: false },
  data: { usage: 'data <directory>', items: [1, 1], repeats: false },
  log: { usage: 'log <vkey> [<url>]', items: [1, 2], repeats: true },
  mirror: { usage: 'mirror <origin> <url>', items: [2, 2], repeats: true },
  policy: { usage: 'policy <file>', items: [1, 1], repeats: true },
  witness: { usage: 'witness <name> <vkey> [<url>]', items: [2, 3], repeats: true },
  p2p: { usage: 'p2p <multiaddr to listen on>', items: [1, 1], repeats: true },
  announce: { usage: 'announce <multiaddr>', items: [1, 1], repeats: true },
  peer: { usage: 'peer <multiaddr>', items: [1, 1], repeats: true },
  poll: { usage: 'poll <time>', items: [1, 1], repeats: false },
  'alarm-after': { usage: 'alarm-after <time>', items: [1, 1], repeats: false },
  'lag-after': { usage: 'lag-after <time>', items: [1, 1], repeats: false },
  'stale-after': { usage: 'stale-after <time>', items: [1, 1], repeats: false },
  webhook: { usage: 'webhook <url>', items: [1, 1], repeats: false },
} as const satisfies Record<string, ConfigWord>;

export type MonitorWord = keyof typeof CONFIG_WORDS;
