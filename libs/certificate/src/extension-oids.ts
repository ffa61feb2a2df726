/** Fulcio's arc for certificate extensions (fulcio: docs/oid-info.md). */
const SIGSTORE = '1.3.6.1.4.1.57264.1';

export const EXTENSION = {
  // RFC 5280 §4.2.1
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  // RFC 6962 §3.1, §3.3
  sctList: '1.3.6.1.4.1.11129.2.4.2',
  poison: '1.3.6.1.4.1.11129.2.4.3',
  // Sigstore
  issuerV1: `${SIGSTORE}.1`,
  githubWorkflowTrigger: `${SIGSTORE}.2`,
  githubWorkflowSha: `${SIGSTORE}.3`,
  githubWorkflowName: `${SIGSTORE}.4`,
  githubWorkflowRepository: `${SIGSTORE}.5`,
  githubWorkflowRef: `${SIGSTORE}.6`,
  issuerV2: `${SIGSTORE}.8`,
  buildSignerUri: `${SIGSTORE}.9`,
  buildSignerDigest: `${SIGSTORE}.10`,
  runnerEnvironment: `${SIGSTORE}.11`,
  sourceRepositoryUri: `${SIGSTORE}.12`,
  sourceRepositoryDigest: `${SIGSTORE}.13`,
  sourceRepositoryRef: `${SIGSTORE}.14`,
  sourceRepositoryIdentifier: `${SIGSTORE}.15`,
  sourceRepositoryOwnerUri: `${SIGSTORE}.16`,
  sourceRepositoryOwnerIdentifier: `${SIGSTORE}.17`,
  buildConfigUri: `${SIGSTORE}.18`,
  buildConfigDigest: `${SIGSTORE}.19`,
  buildTrigger: `${SIGSTORE}.20`,
  runInvocationUri: `${SIGSTORE}.21`,
  sourceRepositoryVisibility: `${SIGSTORE}.22`,
  deploymentEnvironment: `${SIGSTORE}.23`,
  tokenSubject: `${SIGSTORE}.24`,
} as const;

/** The otherName type of a `user!domain` subject alternative name; not an extension. */
export const USERNAME_OID = `${SIGSTORE}.7`;

export const EXTENDED_KEY_USAGE = {
  any: '2.5.29.37.0',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  timeStamping: '1.3.6.1.5.5.7.3.8',
} as const;

export interface ClaimExtension {
  readonly oid: string;
  readonly name: ClaimName;
  /** `raw`: the value is the text itself; `utf8`: a DER UTF8String. */
  readonly encoding: 'raw' | 'utf8';
}

const RAW_CLAIMS = [
  'githubWorkflowTrigger',
  'githubWorkflowSha',
  'githubWorkflowName',
  'githubWorkflowRepository',
  'githubWorkflowRef',
] as const;

const UTF8_CLAIMS = [
  'buildSignerUri',
  'buildSignerDigest',
  'runnerEnvironment',
  'sourceRepositoryUri',
  'sourceRepositoryDigest',
  'sourceRepositoryRef',
  'sourceRepositoryIdentifier',
  'sourceRepositoryOwnerUri',
  'sourceRepositoryOwnerIdentifier',
  'buildConfigUri',
  'buildConfigDigest',
  'buildTrigger',
  'runInvocationUri',
  'sourceRepositoryVisibility',
  'deploymentEnvironment',
  'tokenSubject',
] as const;

export type ClaimName = (typeof RAW_CLAIMS)[number] | (typeof UTF8_CLAIMS)[number];

/** What a token said beside issuer and subject, in the order of the OIDs (.2 to .6, .9 to .24). */
export const CLAIM_EXTENSIONS: readonly ClaimExtension[] = [
  ...RAW_CLAIMS.map((name) => ({ oid: EXTENSION[name], name, encoding: 'raw' as const })),
  ...UTF8_CLAIMS.map((name) => ({ oid: EXTENSION[name], name, encoding: 'utf8' as const })),
];
