import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { importPublicKey, sha256 } from '#crypto';
import { concatBytes, DER, derSequence, encodeDer, encodeOid, vector } from '#libs/crypto';
import { extension, KEY_USAGE, keyUsage, makeCertificate } from '../../../test/certificates.js';
import { parseCertificate } from './certificate.js';
import { EXTENSION } from './extension-oids.js';
import { isPrecertificate, precertTbs } from './precertificate.js';
import { encodeDigitallySigned, encodeSct, encodeSctList, parseSct, parseSctList, SCT_LIST_MAX } from './sct.js';
import { sctSignedData, verifyEmbeddedSct } from './sct-verification.js';

const refusedAs = (code: string) => expect.objectContaining({ name: 'CertificateError', code });
const usage = keyUsage(KEY_USAGE.signing);
const poison = extension(EXTENSION.poison, [5, 0], true);
const listed = (...scts: Uint8Array[]) => extension(EXTENSION.sctList, encodeSctList(scts));

function makeLog() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));
  const publicKey = importPublicKey(spki);
  return { privateKey, logId: sha256(spki), publicKey, validFor: { start: new Date(1000), end: new Date(2000) } };
}

const log = makeLog();
const issuer = parseCertificate(makeCertificate({ extensions: [usage] }).der);

function makeSct(tbs: Uint8Array, { timestampMs = 1500n, extensions = new Uint8Array(), by = log } = {}): Uint8Array {
  const signedData = sctSignedData({ timestampMs, extensions, tbs, issuerKeyHash: sha256(issuer.publicKey.spki) });
  const signature = new Uint8Array(sign('sha256', signedData, by.privateKey));
  return encodeSct({
    logId: by.logId,
    timestampMs,
    extensions,
    digitallySigned: encodeDigitallySigned('ecdsa-sha256', signature),
  });
}

/** The same certificate with other extensions: what a CA makes of its precertificate. */
function withExtensions(tbs: Uint8Array, extensions: readonly Uint8Array[]): Uint8Array {
  const fields = derSequence(tbs)
    .slice(0, -1)
    .map(({ raw }) => raw);
  return encodeDer(DER.sequence, ...fields, encodeDer(0xa3, encodeDer(DER.sequence, ...extensions)));
}

const ECDSA_SHA256 = encodeDer(DER.sequence, encodeOid('1.2.840.10045.4.3.2'));
const UNSIGNED = encodeDer(DER.bitString, Uint8Array.of(0));
const certificateOf = (tbs: Uint8Array) => parseCertificate(encodeDer(DER.sequence, tbs, ECDSA_SHA256, UNSIGNED));

const { tbs } = parseCertificate(makeCertificate({ extensions: [usage] }).der);
const embedded = (...scts: Uint8Array[]) => certificateOf(withExtensions(tbs, [usage, listed(...scts)]));

describe('the TBS that a log signs', () => {
  test('is the one without the poison, byte for byte', () => {
    expect(precertTbs(withExtensions(tbs, [usage, poison]))).toEqual(tbs);
  });

  test('is the one without the SCT list, wherever that stands', () => {
    expect(precertTbs(withExtensions(tbs, [listed(makeSct(tbs)), usage]))).toEqual(tbs);
    expect(precertTbs(embedded(makeSct(tbs)))).toEqual(tbs);
  });

  test('is the whole TBS where there is neither', () => {
    expect(precertTbs(tbs)).toEqual(tbs);
  });

  test('does not come out of something else', () => {
    expect(() => precertTbs(encodeDer(DER.sequence, encodeDer(DER.null)))).toThrow(refusedAs('malformed-certificate'));
  });
});

describe('a precertificate', () => {
  test('has the poison', () => {
    expect(isPrecertificate(certificateOf(withExtensions(tbs, [usage, poison])))).toBe(true);
    expect(isPrecertificate(certificateOf(tbs))).toBe(false);
  });

  test.each([
    ['not critical', extension(EXTENSION.poison, [5, 0])],
    ['not NULL', extension(EXTENSION.poison, [4, 0], true)],
  ])('with a poison that is %s is refused', (_, wrong) => {
    const certificate = certificateOf(withExtensions(tbs, [usage, wrong]));
    expect(() => isPrecertificate(certificate)).toThrow(refusedAs('malformed-certificate'));
  });
});

describe('an embedded SCT', () => {
  const verifySct = (...scts: Uint8Array[]) =>
    verifyEmbeddedSct({ certificate: embedded(...scts), issuer, logs: [log] });

  test('by a trusted log verifies', () => {
    expect(verifySct(makeSct(tbs))).toMatchObject({ log, sct: { timestampMs: 1500n } });
  });

  test('with extensions verifies, and they are signed', () => {
    const sct = makeSct(tbs, { extensions: Uint8Array.of(0, 0, 5, 0, 0, 0, 0, 9) });
    expect(verifySct(sct).sct.extensions).toHaveLength(8);
    const changed = sct.with(1 + 32 + 8 + 2 + 7, 8);
    expect(() => verifySct(changed)).toThrow(refusedAs('invalid-sct-signature'));
  });

  test('at either end of the validity of its log verifies', () => {
    expect(verifySct(makeSct(tbs, { timestampMs: 1000n })).log).toBe(log);
    expect(verifySct(makeSct(tbs, { timestampMs: 2000n })).log).toBe(log);
  });

  test('outside the validity of its log is refused', () => {
    for (const timestampMs of [999n, 2001n, 2n ** 64n - 1n]) {
      expect(() => verifySct(makeSct(tbs, { timestampMs }))).toThrow(refusedAs('outside-log-validity'));
    }
  });

  test('by an unknown log is refused', () => {
    expect(() => verifySct(makeSct(tbs, { by: makeLog() }))).toThrow(refusedAs('unknown-log'));
  });

  test('by an unknown log beside one by a trusted log does no harm', () => {
    expect(verifySct(makeSct(tbs, { by: makeLog() }), makeSct(tbs)).log).toBe(log);
  });

  test('over another issuer is refused', () => {
    const other = parseCertificate(makeCertificate({ extensions: [usage] }).der);
    const certificate = embedded(makeSct(tbs));
    expect(() => verifyEmbeddedSct({ certificate, issuer: other, logs: [log] })).toThrow(
      refusedAs('invalid-sct-signature'),
    );
  });

  test('has to be there', () => {
    expect(() => verifyEmbeddedSct({ certificate: certificateOf(tbs), issuer, logs: [log] })).toThrow(
      refusedAs('no-sct'),
    );
  });
});

describe('an SCT is read strictly', () => {
  const sct = makeSct(tbs);
  const { signature } = parseSct(sct);
  const digitallySigned = encodeDigitallySigned('ecdsa-sha256', signature);
  const head = sct.subarray(0, sct.length - digitallySigned.length);

  test.each([
    ['version 2', sct.with(0, 1)],
    ['a byte too many', concatBytes(sct, Uint8Array.of(0))],
    ['a byte too few', sct.subarray(0, -1)],
    ['SHA-384', concatBytes(head, Uint8Array.of(5, 3), vector(2, signature))],
    ['DSA', concatBytes(head, Uint8Array.of(4, 2), vector(2, signature))],
  ])('with %s it is refused', (_, raw) => {
    expect(() => parseSct(raw)).toThrow(refusedAs('malformed-sct'));
  });

  test.each([
    ['no SCTs', encodeSctList([])],
    ['an empty SCT', encodeSctList([new Uint8Array()])],
    ['too many SCTs', encodeSctList(Array.from({ length: SCT_LIST_MAX + 1 }, () => sct))],
    ['no second OCTET STRING', vector(2, vector(2, sct))],
    ['a byte behind it', encodeDer(DER.octetString, vector(2, vector(2, sct)), Uint8Array.of(0))],
  ])('a list with %s is refused', (_, value) => {
    const certificate = certificateOf(withExtensions(tbs, [usage, extension(EXTENSION.sctList, value)]));
    expect(() => parseSctList(certificate)).toThrow(refusedAs('malformed-sct'));
  });

  test('what is written is what was read', () => {
    expect(encodeSct({ ...parseSct(sct), digitallySigned })).toEqual(sct);
  });
});
