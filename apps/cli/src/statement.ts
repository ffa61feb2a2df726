import { toHex } from '#crypto';
import { utf8Encode } from '#libs/crypto';
import { Failure } from './failure.js';

/** Names for --type, as cosign has them; anything else must be a URI. */
const PREDICATE_TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    slsaprovenance1: 'https://slsa.dev/provenance/v1',
    spdxjson: 'https://spdx.dev/Document',
    cyclonedx: 'https://cyclonedx.org/bom',
    vuln: 'https://cosign.sigstore.dev/attestation/vuln/v1',
  }),
);

/** @throws Failure usage */
export function predicateType(type: string): string {
  const known = PREDICATE_TYPES.get(type);
  if (known !== undefined) return known;
  if (/^[a-z][a-z0-9+.-]*:\S+$/i.test(type)) return type;
  throw new Failure(
    'usage',
    `--type ${type} is neither a URI nor a known predicate type`,
    `known are ${[...PREDICATE_TYPES.keys()].join(', ')}; others by their URI, such as https://example.org/review/v1`,
  );
}

/** An in-toto statement (in-toto attestation framework, v1) about one artifact, as the bytes that are signed. */
export function encodeStatement(statement: {
  readonly name: string;
  readonly sha256: Uint8Array;
  readonly predicateType: string;
  readonly predicate: unknown;
}): Uint8Array {
  return utf8Encode(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: statement.name, digest: { sha256: toHex(statement.sha256) } }],
      predicateType: statement.predicateType,
      predicate: statement.predicate,
    }),
  );
}
