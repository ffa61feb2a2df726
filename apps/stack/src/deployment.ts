import { encodePem } from '#libs/crypto';
import { KEY_TYPE, formatVerifierKey, verifierKey } from '#libs/note';
import type { Signer } from '#libs/signer';
import type { Deployment } from '../../trust/src/trust.module.js';
import type { Certificates } from './certificates.js';
import type { StackKeys } from './keys.js';
import { namesFor } from './names.js';
import type { Ports } from './ports.js';

/** All but one of three: the log goes on when a witness is away, and no witness alone can make up a history. */
const QUORUM = 2;

export interface StackAddresses {
  readonly trust: string;
  readonly issuer: string;
  readonly ca: string;
  readonly rekorLog: string;
  readonly ctLog: string;
  readonly tsa: string;
  readonly witnesses: readonly string[];
  readonly monitor: string;
}

/** The issuer is `localhost`, since that is what its tokens say; everything else is where it listens. */
export function addressesOf(ports: Ports): StackAddresses {
  const at = (port: number): string => `http://127.0.0.1:${port}`;
  return {
    trust: at(ports.trust),
    issuer: `http://localhost:${ports.issuer}`,
    ca: at(ports.ca),
    rekorLog: at(ports.rekorLog),
    ctLog: at(ports.ctLog),
    tsa: `${at(ports.tsa)}/api/v1/timestamp`,
    witnesses: ports.witnesses.map(at),
    monitor: at(ports.monitor),
  };
}

/** What the trust service tells about the stack. */
export function deploymentOf(
  home: { readonly label: string; readonly createdAt: Date },
  keys: StackKeys,
  certificates: Certificates,
  addresses: StackAddresses,
): Deployment {
  const names = namesFor(home.label);
  const start = home.createdAt.toISOString();
  return {
    name: names.deployment,
    trustUrl: addresses.trust,
    rekorLogs: [{ key: vkey(names.rekorLog, KEY_TYPE.ed25519, keys.rekorLog), url: addresses.rekorLog, start }],
    ctLogs: [
      { name: names.ctLog, url: addresses.ctLog, publicKey: encodePem('PUBLIC KEY', keys.ctLog.publicKey.spki), start },
    ],
    certificateAuthorities: [{ name: names.ca, url: addresses.ca, chain: certificates.ca }],
    timestampAuthorities: [{ name: names.tsa, url: addresses.tsa, chain: certificates.tsa }],
    issuers: [{ url: addresses.issuer, start }],
    witnesses: keys.witnesses.map((signer, index) => ({
      key: vkey(names.witness(index + 1), KEY_TYPE.cosignature, signer),
      url: addresses.witnesses[index] ?? '',
    })),
    quorum: QUORUM,
  };
}

function vkey(name: string, type: number, signer: Signer): string {
  return formatVerifierKey(verifierKey(name, type, signer.publicKey.raw));
}
