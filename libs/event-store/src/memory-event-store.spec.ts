import { embeddedStoreContract, eventStoreContract } from './event-store.contract.js';
import { MemoryEventStore } from './memory-event-store.js';
import type { Subject } from './contract/subject.js';

async function open(): Promise<Subject> {
  const store = new MemoryEventStore();
  return { store, dispose: () => store.close() };
}

eventStoreContract('the store in memory', open);
embeddedStoreContract('the store in memory', open);
