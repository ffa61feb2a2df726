import type { ConfigWord } from '#libs/server';

/** Each word with what follows it. Those with one line at most set one thing; the others add one more of a kind. */
export const CONFIG_WORDS = {
  name: { usage: 'name <name>', items: [1, 1], repeats: false },
  profile: { usage: 'profile development|production', items: [1, 1], repeats: false },
  listen: { usage: 'listen <host>:<port>', items: [1, 1], repeats: false },
  data: { usage: 'data <directory>', items: [1, 1], repeats: false },
  key: { usage: 'key <file>', items: [1, 1], repeats: false },
  'ml-dsa-key': { usage: 'ml-dsa-key <file>|none', items: [1, 1], repeats: false },
  'key-passphrase-file': { usage: 'key-passphrase-file <file>', items: [1, 1], repeats: false },
  log: { usage: 'log <vkey> [<url>] [qpd <number>]', items: [1, 4], repeats: true },
  logs: { usage: 'logs <file or URL>', items: [1, 1], repeats: true },
  witness: { usage: 'witness <name> <vkey> [<url>]', items: [2, 3], repeats: true },
  p2p: { usage: 'p2p <multiaddr to listen on>', items: [1, 1], repeats: true },
  announce: { usage: 'announce <multiaddr>', items: [1, 1], repeats: true },
  peer: { usage: 'peer <multiaddr>', items: [1, 1], repeats: true },
  mirror: { usage: 'mirror <origin>', items: [1, 1], repeats: true },
} as const satisfies Record<string, ConfigWord>;

export type WitnessWord = keyof typeof CONFIG_WORDS;
