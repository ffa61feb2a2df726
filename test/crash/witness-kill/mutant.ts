import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** What is wrong with the event store that the mutated program has: the body of `append(stream, expected, events)`. */
const MUTATIONS = {
  /** It fences in memory, answers, and writes a little later: what a death takes with it was acknowledged. */
  'answers-before-it-is-stored': `
    const head = heads.has(stream) ? heads.get(stream) : await store.head(stream);
    if (head !== expected) return append(stream, expected, events);
    const last = (expected === 'no_stream' ? -1n : expected) + BigInt(events.length);
    heads.set(stream, last);
    setTimeout(() => append(stream, expected, events).catch(() => undefined), 200);
    return { first: last, last, position: '0' };`,
  /** No fence: whatever comes is appended to whatever is there. */
  'takes-any-revision': `
    for (;;) {
      try {
        return await append(stream, await store.head(stream), events);
      } catch (error) {
        if (error.code !== 'wrong-expected-revision') throw error;
      }
    }`,
} as const;

export type Mutation = keyof typeof MUTATIONS;

export interface Mutant {
  /** The folder with its `dist`. */
  readonly root: string;
  remove(): Promise<void>;
}

/** A copy of the built witness whose event store breaks one promise. */
export async function mutantWitness(mutation: Mutation): Promise<Mutant> {
  const root = await mkdtemp(join(tmpdir(), 'tally-mutant-'));
  await mkdir(join(root, 'dist/apps'), { recursive: true });
  await symlink(resolve('node_modules'), join(root, 'node_modules'));
  for (const path of ['package.json', 'dist/libs', 'dist/apps/witness']) {
    await cp(resolve(path), join(root, path), { recursive: true });
  }
  const names = join(root, 'dist/libs/event-store/src');
  await rename(join(names, 'index.js'), join(names, 'sound.js'));
  await writeFile(join(names, 'index.js'), mutated(MUTATIONS[mutation]));
  return { root, remove: () => rm(root, { recursive: true }) };
}

function mutated(body: string): string {
  return `
export * from './sound.js';
import { SqliteEventStore as Sound } from './sound.js';
export class SqliteEventStore {
  static async open(options) {
    const store = await Sound.open(options);
    const append = store.append.bind(store);
    const heads = new Map();
    store.append = async (stream, expected, events) => {${body}
    };
    return store;
  }
}
`;
}
