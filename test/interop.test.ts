import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bundleFromJSON, bundleToJSON, type Bundle as StockBundle } from '@sigstore/bundle';
import { SigningConfig, TrustedRoot } from '@sigstore/protobuf-specs';
import { bundleBuilderFromSigningConfig } from '@sigstore/sign';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { invoke, type Invocation } from '../apps/cli/src/testing/invoke.js';
import { startNetwork, type Network } from './network.js';

const EMAIL = 'stock@example.org';
const ARTIFACT = Buffer.from('signed by one, verified by the other');
const STATEMENT = Buffer.from(
  JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: 'artifact', digest: { sha256: 'bc2e5dd8a1c7ef1a4ee5b4f4f8ff2bbd1ab9e9b0b6ea7a5b3c4c47d29ad6ae0e' } },
    ],
    predicateType: 'https://example.org/predicate',
    predicate: {},
  }),
);
const IN_TOTO = 'application/vnd.in-toto+json';

/** The JavaScript clients of Sigstore, as published, against our services; and our client against them. */
describe('stock Sigstore clients', () => {
  let network: Network;
  let work: string;
  let verifier: Verifier;

  beforeAll(async () => {
    network = await startNetwork();
    work = await mkdtemp(join(tmpdir(), 'tally-interop-'));
    const trustedRoot = TrustedRoot.fromJSON(JSON.parse(await readFile(network.paths.trustedRoot, 'utf8')));
    verifier = new Verifier(toTrustMaterial(trustedRoot), {
      ctlogThreshold: 1,
      tlogThreshold: 1,
      timestampThreshold: 1,
    });
  });
  afterAll(async () => {
    await network.stop();
    await rm(work, { recursive: true });
  });

  const policy = () => ({ subjectAlternativeName: `^${EMAIL}$`, extensions: { issuer: network.urls.issuer } });
  const tally = (...argv: string[]): Promise<Invocation> =>
    invoke(argv, { env: { TALLY_HOME: network.home }, cwd: work });
  const identity = (): string[] => ['--certificate-identity', EMAIL, '--certificate-oidc-issuer', network.urls.issuer];

  async function stockSign(bundleType: 'messageSignature' | 'dsseEnvelope', data: Buffer): Promise<StockBundle> {
    const signingConfig = SigningConfig.fromJSON(JSON.parse(await readFile(network.paths.signingConfig, 'utf8')));
    const identityProvider = { getToken: () => network.token(EMAIL) };
    const type = bundleType === 'dsseEnvelope' ? { type: IN_TOTO } : {};
    return bundleBuilderFromSigningConfig({ signingConfig, identityProvider, bundleType }).create({ data, ...type });
  }

  test('@sigstore/sign signs a file, and @sigstore/verify and tally verify it', async () => {
    const bundle = await stockSign('messageSignature', ARTIFACT);
    expect(verifier.verify(toSignedEntity(bundle, ARTIFACT), policy()).identity?.subjectAlternativeName).toBe(EMAIL);
    await writeFile(join(work, 'stock'), ARTIFACT);
    await writeFile(join(work, 'stock.sigstore.json'), JSON.stringify(bundleToJSON(bundle)));
    expect(await tally('verify', 'stock', ...identity())).toMatchObject({ exit: 0 });
  });

  test('@sigstore/sign sends an attestation as a DSSE request, and both verify it', async () => {
    const bundle = await stockSign('dsseEnvelope', STATEMENT);
    expect(bundle.verificationMaterial.tlogEntries[0]?.kindVersion).toEqual({ kind: 'hashedrekord', version: '0.0.2' });
    expect(() => verifier.verify(toSignedEntity(bundle), policy())).not.toThrow();
    await writeFile(join(work, 'attestation.json'), JSON.stringify(bundleToJSON(bundle)));
    const digest = 'sha256:bc2e5dd8a1c7ef1a4ee5b4f4f8ff2bbd1ab9e9b0b6ea7a5b3c4c47d29ad6ae0e';
    expect(await tally('verify', digest, '--bundle', 'attestation.json', ...identity())).toMatchObject({ exit: 0 });
  });

  test('@sigstore/verify verifies what tally signs and attests, and refuses another identity', async () => {
    await writeFile(join(work, 'ours'), ARTIFACT);
    await writeFile(join(work, 'predicate.json'), '{}');
    const token = await network.token(EMAIL);
    expect(await tally('sign', 'ours', '--identity-token', token)).toMatchObject({ exit: 0 });
    const signed = bundleFromJSON(JSON.parse(await readFile(join(work, 'ours.sigstore.json'), 'utf8')));
    expect(() => verifier.verify(toSignedEntity(signed, ARTIFACT), policy())).not.toThrow();
    const other = { ...policy(), subjectAlternativeName: '^eve@example.org$' };
    expect(() => verifier.verify(toSignedEntity(signed, ARTIFACT), other)).toThrow(/certificate identity error/);

    await writeFile(join(work, 'attested'), ARTIFACT);
    const attest = ['attest', 'attested', '--predicate', 'predicate.json', '--type', 'https://example.org/predicate'];
    expect(await tally(...attest, '--identity-token', token)).toMatchObject({ exit: 0 });
    const attested = bundleFromJSON(JSON.parse(await readFile(join(work, 'attested.sigstore.json'), 'utf8')));
    expect(() => verifier.verify(toSignedEntity(attested), policy())).not.toThrow();
  });

  test('@sigstore/verify refuses another artifact, and one changed byte in the parts of a bundle that it checks', async () => {
    await writeFile(join(work, 'tampered'), ARTIFACT);
    await tally('sign', 'tampered', '--identity-token', await network.token(EMAIL));
    const text = await readFile(join(work, 'tampered.sigstore.json'), 'utf8');
    const verify = (json: unknown, artifact = ARTIFACT): unknown =>
      verifier.verify(toSignedEntity(bundleFromJSON(json), artifact), policy());
    expect(() => verify(JSON.parse(text))).not.toThrow();
    expect(() => verify(JSON.parse(text), Buffer.from('another'))).toThrow();
    const paths = [
      ['messageSignature', 'signature'],
      ['verificationMaterial', 'certificate', 'rawBytes'],
      ['verificationMaterial', 'timestampVerificationData', 'rfc3161Timestamps', 0, 'signedTimestamp'],
      ['verificationMaterial', 'tlogEntries', 0, 'canonicalizedBody'],
    ];
    for (const path of paths) {
      const json: unknown = JSON.parse(text);
      changeOneByte(json, path);
      let refused = false;
      try {
        verify(json);
      } catch {
        refused = true;
      }
      expect({ path, refused }).toEqual({ path, refused: true });
    }
  });
});

/** Changes a byte near the end of what stands in base64 at `path`. */
function changeOneByte(json: unknown, path: readonly (string | number)[]): void {
  const holder = path.slice(0, -1).reduce((value, key) => (value as Record<string | number, unknown>)[key], json);
  const key = path.at(-1) as string;
  const bytes = Buffer.from((holder as Record<string, string>)[key] ?? '', 'base64');
  const at = bytes.length - 10;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  (holder as Record<string, string>)[key] = bytes.toString('base64');
}
