import { eventStoreContract } from '../../libs/event-store/src/event-store.contract.js';
import { openLive } from './server.js';

eventStoreContract('the store on a live KurrentDB', async () => {
  const store = await openLive();
  return { store, dispose: () => store.close() };
});
