import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

/** Sign-ins under way at once; the oldest is forgotten first, so that nobody can fill the memory. */
const MAX_RECORDS = 10_000;

interface StoredRecord {
  readonly payload: AdapterPayload;
  readonly expiresAtMs: number;
}

/** Where the provider keeps codes, sign-ins and device codes: in memory. They live for minutes; a restart asks to sign in again. */
export function memoryAdapter(): AdapterFactory {
  const records = new Map<string, StoredRecord>();

  return (model: string): Adapter => {
    const key = (id: string) => `${model}:${id}`;

    const find = async (id: string): Promise<AdapterPayload | undefined> => {
      const record = records.get(key(id));
      if (record === undefined || record.expiresAtMs > Date.now()) return record?.payload;
      records.delete(key(id));
      return undefined;
    };

    const findBy = async (field: 'uid' | 'userCode', value: string): Promise<AdapterPayload | undefined> => {
      for (const [id, record] of records) {
        if (id.startsWith(`${model}:`) && record.payload[field] === value && record.expiresAtMs > Date.now()) {
          return record.payload;
        }
      }
      return undefined;
    };

    return {
      async upsert(id, payload, expiresIn) {
        records.delete(key(id));
        records.set(key(id), { payload, expiresAtMs: Date.now() + (expiresIn ?? Number.POSITIVE_INFINITY) * 1000 });
        for (const oldest of records.keys()) {
          if (records.size <= MAX_RECORDS) break;
          records.delete(oldest);
        }
      },
      find,
      findByUid: (uid) => findBy('uid', uid),
      findByUserCode: (userCode) => findBy('userCode', userCode),
      async consume(id) {
        const record = records.get(key(id));
        if (record !== undefined) record.payload.consumed = Math.floor(Date.now() / 1000);
      },
      async destroy(id) {
        records.delete(key(id));
      },
      async revokeByGrantId(grantId) {
        for (const [id, record] of records) if (record.payload.grantId === grantId) records.delete(id);
      },
    };
  };
}
