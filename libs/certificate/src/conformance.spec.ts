import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { importPublicKey } from '#crypto';
import { conformanceCases, type TrustedRootJson } from '../../../test/sigstore-vectors.js';
import { parseCertificate, type Certificate } from './certificate.js';
import { CertificateError } from './certificate-error.js';
import { verifyChain } from './chain.js';
import { EXTENDED_KEY_USAGE } from './extension-oids.js';
import { identityOf } from './identity.js';
import { parseSctList } from './sct.js';
import { verifyEmbeddedSct, type CtLog } from './sct-verification.js';

// Source: the bundles of sigstore/sigstore-conformance, each with the trusted root that it is verified against.
const cases = conformanceCases();
const signingCases = (cases ?? []).flatMap(({ name, leaf, trustedRoot }) =>
  leaf ? [{ name, leaf, trustedRoot }] : [],
);

const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));

function logsOf({ ctlogs = [] }: TrustedRootJson): CtLog[] {
  return ctlogs
    .filter(({ publicKey }) => publicKey.keyDetails.startsWith('PKIX_'))
    .map(({ logId, publicKey: { rawBytes, validFor } }) => ({
      logId: fromBase64(logId.keyId),
      publicKey: importPublicKey(fromBase64(rawBytes)),
      validFor: { start: new Date(validFor.start), ...(validFor.end && { end: new Date(validFor.end) }) },
    }));
}

/** The CA that issued a certificate: of those in the trusted root, the one whose chain verifies. */
function verifyIssuer({ certificateAuthorities }: TrustedRootJson, leaf: Certificate): Certificate {
  const refusals: unknown[] = [];
  for (const { certChain } of certificateAuthorities) {
    const chain = certChain.certificates.map(({ rawBytes }) => parseCertificate(fromBase64(rawBytes)));
    try {
      verifyChain({ leaf, chain, at: leaf.notBefore, extendedKeyUsage: EXTENDED_KEY_USAGE.codeSigning });
      return chain[0] as Certificate;
    } catch (error) {
      refusals.push(error);
    }
  }
  throw refusals.at(-1);
}

function verifyCertificate(der: Uint8Array, trustedRoot: TrustedRootJson): void {
  const certificate = parseCertificate(der);
  const issuer = verifyIssuer(trustedRoot, certificate);
  verifyEmbeddedSct({ certificate, issuer, logs: logsOf(trustedRoot) });
  identityOf(certificate);
}

const REFUSED: Readonly<Record<string, string>> = {
  'bundle-from-wrong-instance_fail': 'issuer-mismatch',
  'intoto-expired-certificate_fail': 'expired', // the leaf is of 2030, its CA of 2023
  'invalid-ct-key_fail': 'unknown-log',
};

(cases ? describe : describe.skip)('signing certificates of sigstore-conformance', () => {
  test.each(signingCases.filter(({ name }) => !(name in REFUSED)))('$name: verified', ({ leaf, trustedRoot }) => {
    expect(() => verifyCertificate(leaf, trustedRoot)).not.toThrow();
  });

  test.each(signingCases.filter(({ name }) => name in REFUSED))('$name: refused', ({ name, leaf, trustedRoot }) => {
    expect(() => verifyCertificate(leaf, trustedRoot)).toThrow(
      expect.objectContaining({ name: 'CertificateError', code: REFUSED[name] }),
    );
  });
});

// Fulcio; a CA on RSA with an SCT that has extensions; a CA without an intermediate.
const MUTATED = ['rekor2-happy-path', 'bundle-with-sct-with-extensions', 'intoto-with-custom-trust-root'];

(cases ? describe : describe.skip)('with one byte changed', () => {
  const vectors = signingCases.filter(({ name }) => MUTATED.includes(name));

  /** Runs `accept` with one byte changed in `part` of `whole`, for many such bytes: it has to throw a CertificateError. */
  function expectRefusals(whole: Uint8Array, part: Uint8Array, accept: (changed: Uint8Array) => void): void {
    const start = part.byteOffset - whole.byteOffset;
    const place = fc.integer({ min: start, max: start + part.length - 1 });
    fc.assert(
      fc.property(place, fc.integer({ min: 1, max: 255 }), (at, mask) => {
        expect(() => accept(whole.with(at, (whole[at] ?? 0) ^ mask))).toThrow(CertificateError);
      }),
      { numRuns: 300 },
    );
  }

  test.each(vectors)('$name: a certificate is refused', ({ leaf, trustedRoot }) => {
    expectRefusals(leaf, leaf, (changed) => verifyCertificate(changed, trustedRoot));
  });

  test.each(vectors)('$name: a TBS is refused by the SCT alone', ({ leaf, trustedRoot }) => {
    const certificate = parseCertificate(leaf);
    const issuer = verifyIssuer(trustedRoot, certificate);
    const logs = logsOf(trustedRoot);
    expectRefusals(leaf, certificate.tbs, (changed) => {
      verifyEmbeddedSct({ certificate: parseCertificate(changed), issuer, logs });
    });
  });

  test.each(vectors)('$name: an SCT is refused', ({ leaf, trustedRoot }) => {
    const certificate = parseCertificate(leaf);
    const issuer = verifyIssuer(trustedRoot, certificate);
    const logs = logsOf(trustedRoot);
    const part = parseSctList(certificate)[0]?.raw ?? leaf;
    expectRefusals(leaf, part, (changed) => {
      verifyEmbeddedSct({ certificate: parseCertificate(changed), issuer, logs });
    });
  });
});

test('arbitrary bytes are refused with a code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => parseCertificate(bytes)).toThrow(CertificateError);
    }),
  );
});
