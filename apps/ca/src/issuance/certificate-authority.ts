import { sha256 } from '#crypto';
import type { PublicKey } from '#libs/crypto';
import { createPrecertificate, createSigningCertificate } from '#libs/issuing';
import type { Signer } from '#libs/signer';
import type { CertifiedIdentity } from '../identity/identity.js';
import { IssuanceError } from '../issuance-error.js';
import type { CaChain } from './certificate-chain.js';
import type { CertificateIssued } from './certificate-issued.js';
import type { CtLog } from './ct-log.js';
import { leafIndexOf } from './leaf-index.js';

/** Long enough to sign something now; nobody has to revoke it (fulcio: docs/certificate-specification.md). */
const VALIDITY_MS = 10 * 60_000;

export interface IssuedCertificate {
  /** DER: the certificate first, the root last. */
  readonly chain: readonly Uint8Array[];
  readonly event: CertificateIssued;
}

/** The CA key, its certificates, and the log without which it issues nothing. */
export class CertificateAuthority {
  /** SHA-256 of the SubjectPublicKeyInfo of the CA key (RFC 6962 §3.2, issuer_key_hash). */
  readonly keyHash: Uint8Array;

  constructor(
    private readonly signer: Signer,
    /** That of the key first, the root last. */
    readonly chain: CaChain,
    private readonly ctLog: CtLog,
  ) {
    this.keyHash = sha256(signer.publicKey.spki);
  }

  /** Why nothing can be issued at this time; undefined when it can. */
  problem(now: Date): string | undefined {
    const end = new Date(now.getTime() + VALIDITY_MS);
    const expired = this.chain.some(({ notBefore, notAfter }) => now < notBefore || end > notAfter);
    return expired ? 'the certificates of this CA are not valid for as long as a new one would be' : undefined;
  }

  /**
   * Precertificate → ct log → certificate with the SCT embedded (RFC 6962 §3.1).
   * @throws IssuanceError authority-expired, log-unavailable, log-refused, log-misbehaved
   */
  async issue(
    identity: CertifiedIdentity,
    publicKey: PublicKey,
    serialNumber: Uint8Array,
    now: Date,
  ): Promise<IssuedCertificate> {
    const notBefore = new Date(Math.floor(now.getTime() / 1000) * 1000); // X.509 has whole seconds
    const notAfter = new Date(notBefore.getTime() + VALIDITY_MS);
    const [issuing] = this.chain;
    const problem = this.problem(notBefore);
    if (problem !== undefined) throw new IssuanceError('authority-expired', problem);
    const template = {
      identity,
      publicKey,
      issuer: { certificate: issuing, signer: this.signer },
      notBefore,
      notAfter,
      serialNumber,
    };
    const sct = await this.ctLog.log(await createPrecertificate(template), this.chain, this.keyHash);
    const certificate = await createSigningCertificate({ ...template, scts: [sct.raw] });
    return {
      chain: [certificate, ...this.chain.map(({ raw }) => raw)],
      event: {
        certificateHash: sha256(certificate),
        serialNumber,
        notBeforeMs: BigInt(notBefore.getTime()),
        notAfterMs: BigInt(notAfter.getTime()),
        logId: sct.logId,
        sctTimestampMs: sct.timestampMs,
        leafIndex: leafIndexOf(sct.extensions),
      },
    };
  }
}
