import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { utf8Encode } from '#libs/crypto';
import { parseTlogEntry } from '#libs/verify';
import type { RecordedLog } from '../recorded-log.js';

const RETRY_MS = 25;
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rawBytes = keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

function request(artifact: string): string {
  const digest = createHash('sha256').update(artifact).digest('base64');
  const content = sign('sha256', Buffer.from(artifact), keys.privateKey).toString('base64');
  const verifier = { publicKey: { rawBytes }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' };
  return JSON.stringify({ hashedRekordRequestV002: { digest, signature: { content, verifier } } });
}

/** Clients that sign and log one file after the other, and bring a file again until the log has answered 201. */
export class Load {
  #running = true;
  #sent = 0;
  readonly #clients: readonly Promise<void>[];

  constructor(
    private readonly url: string,
    private readonly recorded: RecordedLog,
    clients: number,
  ) {
    this.#clients = Array.from({ length: clients }, () => this.#client());
  }

  async #client(): Promise<void> {
    while (this.#running) {
      const body = request(`file ${this.#sent++}`);
      while (!(await this.#add(body))) await delay(RETRY_MS);
    }
  }

  async #add(body: string): Promise<boolean> {
    const headers = { 'content-type': 'application/json' };
    let answer: unknown;
    try {
      const response = await fetch(`${this.url}/api/v2/log/entries`, { method: 'POST', body, headers });
      answer = await response.json();
      if (response.status !== 201) return false;
    } catch {
      return false; // nobody is there, or was killed before it had answered
    }
    const { logIndex, inclusionProof, canonicalizedBody } = parseTlogEntry(answer);
    this.recorded.acknowledge(logIndex, canonicalizedBody);
    if (inclusionProof) this.recorded.checkpoint('a client', utf8Encode(inclusionProof.checkpoint));
    return true;
  }

  /** Resolves when everything that was sent is acknowledged. */
  async finish(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#clients);
  }
}
