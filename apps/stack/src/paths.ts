import { join } from 'node:path';

/** The folders of a home. */
export const HOME_FOLDERS = ['keys', 'certificates', 'marks', 'data'] as const;

/** What is where in a home. */
export interface HomePaths {
  readonly key: (name: string) => string;
  readonly issuerKey: string;
  readonly certificates: (name: 'ca' | 'tsa') => string;
  /** What a log signer signed last; apart from the data, so that a restored copy of the data cannot bring an old one along. */
  readonly mark: (log: 'rekor-log' | 'ct-log') => string;
  readonly data: (service: string) => string;
  /** The settings file of the CA that names whose ID tokens it takes. */
  readonly issuers: string;
  /** The root whose certificates the ct log takes. */
  readonly caRoot: string;
  /** Whose SCTs the CA takes. */
  readonly ctLogPublicKey: string;
  readonly policy: string;
  /** The witnesses of the ct log. */
  readonly ctPolicy: string;
  readonly log: string;
}

export function pathsIn(home: string): HomePaths {
  return {
    key: (name) => join(home, 'keys', `${name}.pem`),
    issuerKey: join(home, 'keys', 'oidc.jwk'),
    certificates: (name) => join(home, 'certificates', `${name}.pem`),
    mark: (log) => join(home, 'marks', log),
    data: (service) => join(home, 'data', service),
    issuers: join(home, 'issuers.json'),
    caRoot: join(home, 'certificates', 'ca-root.pem'),
    ctLogPublicKey: join(home, 'certificates', 'ct-log-public-key.pem'),
    policy: join(home, 'tlog-policy'),
    ctPolicy: join(home, 'ct-tlog-policy'),
    log: join(home, 'stack.log'),
  };
}
