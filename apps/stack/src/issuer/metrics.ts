import { Counter, Registry } from 'prom-client';

/** What the issuer counts: the ID tokens that it signed, by how they were asked for. */
export class IssuerMetrics {
  readonly registry = new Registry();
  readonly tokens = new Counter({
    name: 'tally_issuer_id_tokens_total',
    help: 'ID tokens signed: after a sign-in on the page, or at the token endpoint for development.',
    labelNames: ['way'],
    registers: [this.registry],
  });
}
