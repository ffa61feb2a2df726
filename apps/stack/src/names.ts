/** What the services of a stack are called. `.localhost` belongs to nobody (RFC 6761 §6.3), and nothing resolves these. */
export interface ServiceNames {
  readonly ca: string;
  readonly rekorLog: string;
  readonly ctLog: string;
  readonly tsa: string;
  readonly witness: (number: number) => string;
  /** For people: the title of the deployment and the organization in its certificates. */
  readonly deployment: string;
}

export function namesFor(label: string): ServiceNames {
  const name = (service: string): string => `${service}-${label}.tally.localhost`;
  return {
    ca: name('ca'),
    rekorLog: name('rekor'),
    ctLog: name('ct'),
    tsa: name('tsa'),
    witness: (number) => name(`witness-${number}`),
    deployment: `Tallystick development stack ${label}`,
  };
}
