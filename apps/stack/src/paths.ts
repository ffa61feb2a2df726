import { join } from 'node:path';

/** What is where in a home. */
export interface HomePaths {
  readonly key: (name: string) => string;
  readonly certificates: (name: 'ca' | 'tsa') => string;
  /** What a log signer signed last; apart from the data, so that a restored copy of the data cannot bring an old one along. */
  readonly mark: (log: 'rekor-log' | 'ct-log') => string;
  readonly data: (service: string) => string;
  readonly issuers: string;
  readonly trust: string;
  readonly policy: string;
  readonly log: string;
}

export function pathsIn(home: string): HomePaths {
  return {
    key: (name) => join(home, 'keys', `${name}.pem`),
    certificates: (name) => join(home, 'certificates', `${name}.pem`),
    mark: (log) => join(home, 'marks', log),
    data: (service) => join(home, 'data', service),
    issuers: join(home, 'issuers.json'),
    trust: join(home, 'trust.json'),
    policy: join(home, 'tlog-policy'),
    log: join(home, 'stack.log'),
  };
}
