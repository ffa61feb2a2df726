import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** When the shortest-lived certificate of each authority ends: the alarm that a trust root needs. */
export function registerExpiry(
  registry: Registry,
  ends: readonly { readonly authority: string; readonly notAfter: Date }[],
): void {
  const gauge = new Gauge({
    name: 'tally_trust_authority_not_after_seconds',
    help: 'Unix time at which the first certificate of an authority in the trusted root ends.',
    labelNames: ['authority'],
    registers: [registry],
  });
  for (const { authority, notAfter } of ends) gauge.set({ authority }, notAfter.getTime() / 1000);
}
