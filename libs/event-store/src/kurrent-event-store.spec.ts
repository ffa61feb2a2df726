import type { Subject } from './contract/subject.js';
import { eventStoreContract } from './event-store.contract.js';
import { KurrentEventStore } from './kurrent-event-store.js';
import { KurrentWireDouble } from './testing/kurrent-wire-double.js';

async function open(): Promise<Subject> {
  const double = await KurrentWireDouble.start();
  const store = await KurrentEventStore.open({ url: double.url });
  return {
    store,
    dispose: async () => {
      await store.close();
      await double.stop();
    },
  };
}

eventStoreContract('the store on KurrentDB, through its client, against a double of its protocol', open);
