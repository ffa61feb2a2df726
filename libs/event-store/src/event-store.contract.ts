import { afterAll, beforeAll, describe } from '@jest/globals';
import { appendingContract } from './contract/appending.js';
import { closingContract } from './contract/closing.js';
import { modelContract } from './contract/model.js';
import { readingContract } from './contract/reading.js';
import { subscribingContract } from './contract/subscribing.js';
import type { Subject } from './contract/subject.js';

/** What every adapter has to show. `open` gives a store, in use or new, that the tests may write to. */
export function eventStoreContract(name: string, open: () => Promise<Subject>): void {
  describe(name, () => {
    let subject: Subject;
    beforeAll(async () => {
      subject = await open();
    });
    afterAll(() => subject.dispose());

    appendingContract(() => subject.store);
    readingContract(() => subject.store);
    subscribingContract(() => subject.store);
    modelContract(open);
    closingContract(open);
  });
}
