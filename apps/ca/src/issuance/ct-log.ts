import { sha256, verify } from '#crypto';
import { type Certificate, parseCertificate, precertTbs, type Sct, sctSignedData } from '#libs/certificate';
import { addPreChain, ServiceError } from '#libs/client';
import { equalBytes, type PublicKey } from '#libs/crypto';
import { IssuanceError } from '../issuance-error.js';
import type { CaMetrics } from '../metrics.js';

/** The log answers when its checkpoint covers the entry, well under a second; signing clients give up after 5 s. */
const TIMEOUT_MS = 10_000;
const TRIES = 2;

/** The one certificate transparency log of this CA. */
export class CtLog {
  /** RFC 6962 §3.2. */
  readonly id: Uint8Array;

  constructor(
    private readonly url: string,
    private readonly publicKey: PublicKey,
    private readonly metrics: CaMetrics,
  ) {
    this.id = sha256(publicKey.spki);
  }

  /**
   * Logs a precertificate and checks the log's promise: verifiers refuse a certificate whose SCT doesn't verify, so such
   * a one is never embedded.
   * @throws IssuanceError log-unavailable, log-refused, log-misbehaved
   */
  async log(precertificate: Uint8Array, chain: readonly Certificate[], issuerKeyHash: Uint8Array): Promise<Sct> {
    const done = this.metrics.submittingToCtLog();
    const sct = await this.#submit([precertificate, ...chain.map(({ raw }) => raw)]);
    const signedData = sctSignedData({ ...sct, issuerKeyHash, tbs: precertTbs(parseCertificate(precertificate)) });
    if (!equalBytes(sct.logId, this.id) || !verify(this.publicKey, sct.scheme, signedData, sct.signature)) {
      throw new IssuanceError(
        'log-misbehaved',
        'the ct log gave an SCT that is not by its key over this precertificate',
      );
    }
    done();
    return sct;
  }

  async #submit(chain: readonly Uint8Array[]): Promise<Sct> {
    try {
      return await addPreChain(this.url, chain, { timeoutMs: TIMEOUT_MS, tries: TRIES });
    } catch (cause) {
      if (!(cause instanceof ServiceError)) throw cause;
      if (cause.code === 'refused') {
        throw new IssuanceError('log-refused', 'the ct log refused the precertificate', { cause });
      }
      throw new IssuanceError(
        'log-unavailable',
        'the ct log gives no answer, and without it no certificate is issued',
        {
          cause,
        },
      );
    }
  }
}
