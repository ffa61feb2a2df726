import { Counter, Histogram, type Registry } from 'prom-client';
import type { Issuer } from './identity/issuers.js';
import type { IssuanceErrorCode } from './issuance-error.js';

/** What the CA counts. Labels have few values: never an issuer's URL, an identity or a hash. */
export class CaMetrics {
  readonly #issued: Counter<'issuer_type'>;
  readonly #refused: Counter<'code'>;
  readonly #ctLogSeconds: Histogram;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#issued = new Counter({
      name: 'ca_certificates_issued_total',
      help: 'Certificates issued, logged and recorded, by the type of the issuer of the identity token.',
      labelNames: ['issuer_type'],
      registers,
    });
    this.#refused = new Counter({
      name: 'ca_requests_refused_total',
      help: 'Requests for a certificate that got none, by reason.',
      labelNames: ['code'],
      registers,
    });
    this.#ctLogSeconds = new Histogram({
      name: 'ca_ct_log_submission_seconds',
      help: 'From submitting a precertificate to a verified SCT.',
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
  }

  issued(type: Issuer['type']): void {
    this.#issued.inc({ issuer_type: type });
  }

  refused(code: IssuanceErrorCode): void {
    this.#refused.inc({ code });
  }

  /** Call what it returns when the SCT is verified. */
  submittingToCtLog(): () => void {
    return this.#ctLogSeconds.startTimer();
  }
}
