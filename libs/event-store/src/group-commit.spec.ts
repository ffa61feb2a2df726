import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { EventStoreError } from './event-store-error.js';
import { GROUP_BYTES, GroupCommit, type Transactions, type Work } from './group-commit.js';

/** Writes down what happens; `failing` is the step that fails. */
class Journal implements Transactions {
  readonly steps: string[] = [];
  failing = '';
  /** What fails, fails for want of room. */
  isDiskFull = false;

  begin(): void {
    this.#step('begin');
  }
  commit(): void {
    this.#step('commit');
  }
  rollback(): void {
    this.#step('rollback');
  }
  isFull(error: unknown): boolean {
    return this.isDiskFull && error instanceof Error;
  }
  maintain(): void {
    if (this.failing === 'maintain') throw new Error('maintain failed');
  }
  work(name: string, size: Partial<Work<string>> = {}): Work<string> {
    return { events: 1, bytes: 100, run: () => this.#step(name), ...size };
  }
  #step(name: string): string {
    this.steps.push(name);
    if (this.failing === name) throw new Error(`${name} failed`);
    return name;
  }
}

const poisoned = expect.objectContaining({ code: 'store-poisoned' });

describe('a group commit', () => {
  let journal: Journal;
  let commits: GroupCommit;
  let poisonings: number;
  beforeEach(() => {
    journal = new Journal();
    poisonings = 0;
    commits = new GroupCommit(journal, () => poisonings++);
  });

  test('has everything of one turn of the loop in one transaction', async () => {
    await Promise.all(['a', 'b', 'c'].map((name) => commits.submit(journal.work(name))));
    expect(journal.steps).toEqual(['begin', 'a', 'b', 'c', 'commit']);
  });

  test('answers after the commit, and not before', async () => {
    const answers = ['a', 'b'].map(async (name) =>
      journal.steps.push(`answer ${await commits.submit(journal.work(name))}`),
    );
    await Promise.all(answers);
    expect(journal.steps).toEqual(['begin', 'a', 'b', 'commit', 'answer a', 'answer b']);
  });

  test('has what comes while it answers in the next transaction', async () => {
    await commits.submit(journal.work('a')).then(() => commits.submit(journal.work('b')));
    expect(journal.steps).toEqual(['begin', 'a', 'commit', 'begin', 'b', 'commit']);
  });

  test.each<[string, Partial<Work<string>>]>([
    ['events', { events: 600 }],
    ['bytes', { bytes: GROUP_BYTES - 100 }],
  ])('is bounded in %s', async (_, size) => {
    await Promise.all(['a', 'b', 'c'].map((name) => commits.submit(journal.work(name, size))));
    expect(journal.steps.filter((step) => step === 'commit')).toHaveLength(3);
  });

  test('goes on without one that is refused', async () => {
    const refused = journal.work('b', {
      run: () => {
        throw new EventStoreError('wrong-expected-revision', 'b is refused');
      },
    });
    const outcomes = await Promise.allSettled([
      commits.submit(journal.work('a')),
      commits.submit(refused),
      commits.submit(journal.work('c')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(journal.steps).toEqual(['begin', 'a', 'c', 'commit']);
  });

  test.each(['begin', 'b', 'commit'])(
    'whose step %s fails rejects all of it, and nothing is tried again',
    async (step) => {
      journal.failing = step;
      const outcomes = await Promise.allSettled(['a', 'b', 'c'].map((name) => commits.submit(journal.work(name))));
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'store-poisoned' } });
      const steps = [...journal.steps];
      await expect(commits.submit(journal.work('d'))).rejects.toThrow(poisoned);
      await setImmediate();
      expect(journal.steps).toEqual(steps);
      expect(poisonings).toBe(1);
    },
  );

  test('that finds the disk full is rolled back, and the next one is tried', async () => {
    journal.failing = 'commit';
    journal.isDiskFull = true;
    await expect(commits.submit(journal.work('a'))).rejects.toThrow(expect.objectContaining({ code: 'no-space' }));
    expect(journal.steps).toEqual(['begin', 'a', 'commit', 'rollback']);
    journal.failing = '';
    expect(await commits.submit(journal.work('b'))).toBe('b');
    expect(poisonings).toBe(0);
  });

  test('that can not be rolled back poisons the store, whatever the reason was', async () => {
    journal.failing = 'commit';
    journal.isDiskFull = true;
    journal.rollback = () => {
      throw new Error('rollback failed');
    };
    await expect(commits.submit(journal.work('a'))).rejects.toThrow(poisoned);
  });

  test('that fails rejects what waits behind it', async () => {
    journal.failing = 'commit';
    const sizes = ['a', 'b', 'c'].map((name) => commits.submit(journal.work(name, { events: 1000 })));
    for (const outcome of await Promise.allSettled(sizes))
      expect(outcome).toMatchObject({ reason: { code: 'store-poisoned' } });
    expect(journal.steps).toEqual(['begin', 'a', 'commit']);
  });

  test('is not followed by another when the maintenance fails', async () => {
    journal.failing = 'maintain';
    await commits.submit(journal.work('a')); // was durable by then
    await commits.drain();
    await expect(commits.submit(journal.work('b'))).rejects.toThrow(poisoned);
  });

  test('takes no more than 64 MiB, and again when those are written', async () => {
    const large = journal.work('a', { bytes: 8 * 1024 * 1024 });
    const waiting = Array.from({ length: 8 }, () => commits.submit(large));
    await expect(commits.submit(journal.work('b'))).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }));
    await Promise.all(waiting);
    expect(await commits.submit(journal.work('b'))).toBe('b');
  });

  test('takes no more than 65,536 changes', async () => {
    const waiting = Array.from({ length: 65_536 }, () => commits.submit(journal.work('a', { bytes: 1 })));
    await expect(commits.submit(journal.work('b'))).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }));
    await Promise.all(waiting);
  });
});
