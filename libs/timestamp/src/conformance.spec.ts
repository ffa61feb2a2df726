import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseCertificate } from '#libs/certificate';
import { conformanceCases, type TrustedRootJson } from '../../../test/sigstore-vectors.js';
import { TimestampError } from './timestamp-error.js';
import { parseTimestampResponse } from './timestamp-response.js';
import { verifyTimestamp, type TimestampAuthority } from './verify-timestamp.js';

// Source: the bundles of sigstore/sigstore-conformance, each with the trusted root that it is verified against.
const cases = conformanceCases();
const stamped = (cases ?? []).flatMap(({ timestamps: [response], ...rest }) =>
  response ? [{ ...rest, response }] : [],
);

function authoritiesOf({ timestampAuthorities = [] }: TrustedRootJson): TimestampAuthority[] {
  return timestampAuthorities.map(({ certChain, validFor: { start, end } }) => ({
    chain: certChain.certificates.map(({ rawBytes }) =>
      parseCertificate(new Uint8Array(Buffer.from(rawBytes, 'base64'))),
    ),
    validFor: { start: new Date(start), ...(end && { end: new Date(end) }) },
  }));
}

const REFUSED: Readonly<Record<string, string>> = {
  'rekor2-timestamp-outside-trust-root-tsa-validity_fail': 'outside-validity',
  'rekor2-timestamp-outside-tsa-cert-validity_fail': 'certificate-chain',
  'rekor2-timestamp-payload-mismatch_fail': 'imprint-mismatch',
  'rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail': 'unknown-signer',
  'rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail': 'unknown-signer',
};

(cases ? describe : describe.skip)('timestamps of sigstore-conformance', () => {
  test.each(stamped.filter(({ name }) => !(name in REFUSED)))('$name: verified', (vector) => {
    const { response, signature, trustedRoot } = vector;
    expect(() => verifyTimestamp(response, signature, authoritiesOf(trustedRoot))).not.toThrow();
  });

  test.each(stamped.filter(({ name }) => name in REFUSED))('$name: refused', (vector) => {
    const { name, response, signature, trustedRoot } = vector;
    expect(() => verifyTimestamp(response, signature, authoritiesOf(trustedRoot))).toThrow(
      expect.objectContaining({ name: 'TimestampError', code: REFUSED[name] }),
    );
  });

  test('the time is the one that openssl prints', () => {
    const happyPath = stamped.find(({ name }) => name === 'rekor2-happy-path');
    const response = parseTimestampResponse(happyPath?.response ?? new Uint8Array());
    expect(response).toMatchObject({
      status: 'granted',
      token: {
        info: { genTime: new Date('2025-06-12T12:02:20Z'), policy: '1.3.6.1.4.1.57264.2', nonce: 0x8f59f2afe69cc8a8n },
      },
    });
  });
});

// With an embedded certificate, without one, and by a mock authority.
const MUTATED = ['rekor2-happy-path', 'rekor2-timestamp-without-embedded-cert', 'intoto-with-custom-trust-root'];

(cases ? describe : describe.skip)('with one byte changed', () => {
  test.each(stamped.filter(({ name }) => MUTATED.includes(name)))('$name: refused, whichever it is', (vector) => {
    const { response, signature, trustedRoot } = vector;
    const authorities = authoritiesOf(trustedRoot);
    const isRefused = (changed: Uint8Array): boolean => {
      try {
        verifyTimestamp(changed, signature, authorities);
        return false;
      } catch (error) {
        return error instanceof TimestampError;
      }
    };
    const masks = fc.array(fc.integer({ min: 1, max: 255 }), {
      minLength: response.length,
      maxLength: response.length,
    });
    fc.assert(
      fc.property(masks, (mask) => {
        const accepted = mask.flatMap((bits, at) => {
          return isRefused(response.with(at, (response[at] ?? 0) ^ bits)) ? [] : [[at, bits]];
        });
        expect(accepted).toEqual([]);
      }),
      { numRuns: 1 },
    );
  });
});

test('arbitrary bytes are refused with a code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => parseTimestampResponse(bytes)).toThrow(TimestampError);
    }),
  );
});
