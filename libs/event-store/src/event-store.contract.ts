import { afterAll, beforeAll, describe } from '@jest/globals';
import { appendingContract } from './contract/appending.js';
import { closingContract } from './contract/closing.js';
import { modelContract } from './contract/model.js';
import { readingContract } from './contract/reading.js';
import { subscribingContract } from './contract/subscribing.js';
import type { Subject } from './contract/subject.js';
import { removingContract, truncatingContract } from './contract/truncating.js';

/** What every adapter has to show. `open` gives a store, new or in use, that the tests may write to. */
export function eventStoreContract(name: string, open: () => Promise<Subject>): void {
  describe(name, () => {
    const store = opened(open);
    appendingContract(store);
    readingContract(store);
    subscribingContract(store);
    truncatingContract(store);
    modelContract(open, false);
    closingContract(open);
  });
}

/** What a store in this process has to show as well. */
export function embeddedStoreContract(name: string, open: () => Promise<Subject>): void {
  describe(name, () => {
    removingContract(opened(open));
    modelContract(open, true);
  });
}

function opened(open: () => Promise<Subject>): () => Subject['store'] {
  let subject: Subject;
  beforeAll(async () => {
    subject = await open();
  });
  afterAll(() => subject.dispose());
  return () => subject.store;
}
