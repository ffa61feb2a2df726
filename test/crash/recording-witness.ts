import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8Decode } from '#libs/crypto';
import { formatVerifierKey, KEY_TYPE, verifierKey, type VerifierKey } from '#libs/note';
import { createLogger, startService } from '#libs/server';
import { openKeyFile } from '#libs/signer';
import { parseAddCheckpointRequest } from '#libs/tlog';
import { witnessService } from '../../apps/witness/src/witness.module.js';
import { localServer, type LocalServer } from '../local-server.js';

const NAME = 'witness.example.org/w1';

/** A real witness behind a door where somebody notes every checkpoint that is brought to it. */
export interface RecordingWitness {
  readonly url: string;
  /** A tlog-policy that wants its cosignature. */
  readonly policy: string;
  /** The next ones that come for this log are shown to `listener`, before the witness has them. */
  listen(origin: string, listener: (note: Uint8Array) => void | Promise<void>): void;
  /** From now on it isn't there for this log; and is again. */
  setDown(origin: string, down: boolean): void;
  close(): Promise<void>;
}

/** Memory, where there is one to be had as a directory: its fsyncs are not what is measured here. */
const FAST = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export async function startRecordingWitness(logs: readonly VerifierKey[]): Promise<RecordingWitness> {
  const folder = await mkdtemp(join(FAST, 'tally-witness-'));
  const keyFile = join(folder, 'witness.key');
  const options = { role: 'witness', algorithm: 'ed25519', profile: 'development', create: true } as const;
  const { publicKey } = await openKeyFile(keyFile, options);
  const service = await startService(
    witnessService({
      profile: 'development',
      host: '127.0.0.1',
      port: 0,
      name: NAME,
      keyFile,
      dataDirectory: folder,
      logs,
    }),
    createLogger('witness', { write: () => undefined }),
  );
  const listeners = new Map<string, (note: Uint8Array) => void | Promise<void>>();
  const down = new Set<string>();
  const door = await openDoor(service.url, async (origin, note) => {
    await listeners.get(origin)?.(note);
    return !down.has(origin);
  });
  const key = formatVerifierKey(verifierKey(NAME, KEY_TYPE.cosignature, publicKey.raw));
  return {
    url: door.url,
    policy: `witness w1 ${key} ${door.url}\nquorum w1\n`,
    listen: (origin, listener) => void listeners.set(origin, listener),
    setDown: (origin, isDown) => void (isDown ? down.add(origin) : down.delete(origin)),
    async close() {
      await door.close();
      await service.close();
      await rm(folder, { recursive: true });
    },
  };
}

/**
 * A server that passes everything on to a witness.
 * @param visit sees each checkpoint before the witness does; when it is false, there is no answer
 */
export async function openDoor(
  witnessUrl: string,
  visit: (origin: string, note: Uint8Array) => Promise<boolean>,
): Promise<LocalServer> {
  return localServer((request, response, body) => {
    const pass = async (): Promise<void> => {
      const isPost = request.method === 'POST';
      if (isPost) {
        const { checkpoint } = parseAddCheckpointRequest(new Uint8Array(body));
        const [origin = ''] = utf8Decode(checkpoint).split('\n', 1);
        if (!(await visit(origin, checkpoint))) return void response.destroy();
      }
      const answer = await fetch(`${witnessUrl}${request.url}`, {
        method: request.method ?? 'GET',
        ...(isPost && { body: new Uint8Array(body), headers: { 'content-type': 'text/plain' } }),
      });
      const type = answer.headers.get('content-type') ?? 'text/plain';
      response.writeHead(answer.status, { 'content-type': type }).end(Buffer.from(await answer.arrayBuffer()));
    };
    pass().catch(() => response.destroy());
  });
}
