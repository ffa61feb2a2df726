import { createPublicKey } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { SignedData } from '@peculiar/asn1-cms';
import { AsnConvert } from '@peculiar/asn1-schema';
import { TimeStampResp, TSTInfo } from '@peculiar/asn1-tsp';
import { RFC3161Timestamp } from '@sigstore/core';
import { hash, toHex } from '#crypto';
import { encodePem, utf8Encode } from '#libs/crypto';
import { generateSigner } from '#libs/signer';
import {
  encodeTimestampRequest,
  parseTimestampRequest,
  parseTimestampResponse,
  TIMESTAMP_FAILURES,
  verifyTimestamp,
  type TimestampFailure,
  type TimestampRequest,
} from '#libs/timestamp';
import { makeAuthorities, type Authorities } from '../../../test/authorities.js';
import { hasOpenssl, openssl } from '../../../test/openssl.js';
import { randomSerialNumber } from './serial-number.js';
import { createTimestampResponse, rejectTimestamp } from './timestamp-response.js';

const refusedAs = (code: string) => expect.objectContaining({ name: 'IssuingError', code });
const POLICY = '1.3.6.1.4.1.57264.2';
const message = utf8Encode('a signature');
const time = new Date('2026-06-01T12:00:00.750Z');
const wholeSecond = new Date('2026-06-01T12:00:00Z');

let authorities: Authorities;
beforeAll(async () => {
  authorities = await makeAuthorities();
});

const trusted = () => [
  { chain: [authorities.tsa.certificate, authorities.tsaRoot.certificate], validFor: { start: wholeSecond } },
];
const requestFor = (fields: Partial<TimestampRequest> = {}): TimestampRequest => ({
  hashAlgorithm: 'sha256',
  digest: hash(fields.hashAlgorithm ?? 'sha256', message),
  certReq: false,
  ...fields,
});

async function stamp(request: TimestampRequest): Promise<Uint8Array> {
  const { tsa, tsaRoot } = authorities;
  const chain = [tsa.certificate, tsaRoot.certificate];
  const serialNumber = randomSerialNumber();
  return createTimestampResponse({ request, signer: tsa.signer, chain, time, serialNumber, policy: POLICY });
}

function tokenOf(response: Uint8Array) {
  const parsed = parseTimestampResponse(response);
  if (parsed.status !== 'granted') throw new Error('not granted');
  return parsed.token;
}

describe('a timestamp response', () => {
  test.each(['sha256', 'sha384', 'sha512'] as const)('over a %s digest verifies', async (hashAlgorithm) => {
    const response = await stamp(requestFor({ hashAlgorithm }));
    expect(verifyTimestamp(response, message, trusted()).time).toEqual(wholeSecond);
  });

  test('repeats the nonce, and has the policy', async () => {
    const { info } = tokenOf(await stamp(requestFor({ nonce: 0x8f59f2afe69cc8a8n, policy: POLICY })));
    expect(info).toMatchObject({ nonce: 0x8f59f2afe69cc8a8n, policy: POLICY });
  });

  test('has the certificate where the request wants it, and only that one', async () => {
    expect(tokenOf(await stamp(requestFor())).certificates).toEqual([]);
    expect(tokenOf(await stamp(requestFor({ certReq: true }))).certificates).toEqual([authorities.tsa.certificate.raw]);
  });

  test('names the certificate of its signer, and signs the name', async () => {
    const { signer } = tokenOf(await stamp(requestFor()));
    const { issuer, serialNumber, raw } = authorities.tsa.certificate;
    expect(signer.id).toEqual({ issuer, serialNumber });
    expect(signer.certificateHash).toEqual({ algorithm: 'sha256', digest: hash('sha256', raw) });
  });

  test('with another policy is a rejection', async () => {
    const response = await stamp(requestFor({ policy: '1.2.3' }));
    expect(parseTimestampResponse(response)).toMatchObject({ status: 'not-granted', failures: ['unacceptedPolicy'] });
  });

  test('verifies with @sigstore/core', async () => {
    const timestamp = RFC3161Timestamp.parse(Buffer.from(await stamp(requestFor({ certReq: true }))));
    const spki = Buffer.from(authorities.tsa.signer.publicKey.spki);
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    expect(() => timestamp.verify(Buffer.from(message), key)).not.toThrow();
    expect(timestamp.signingTime).toEqual(wholeSecond);
    expect(toHex(timestamp.signerSerialNumber)).toBe(toHex(authorities.tsa.certificate.serialNumber));
  });

  test('reads the same with @peculiar/asn1-tsp', async () => {
    const response = AsnConvert.parse(
      new Uint8Array(await stamp(requestFor({ nonce: 5n, certReq: true }))),
      TimeStampResp,
    );
    expect(response.status.status).toBe(0);
    const signedData = AsnConvert.parse(response.timeStampToken?.content ?? new ArrayBuffer(), SignedData);
    expect([signedData.version, signedData.signerInfos.length, signedData.certificates?.length]).toEqual([3, 1, 1]);
    const content = signedData.encapContentInfo.eContent?.single?.buffer ?? new ArrayBuffer();
    const info = AsnConvert.parse(content, TSTInfo);
    expect(info).toMatchObject({ policy: POLICY, genTime: wholeSecond, ordering: false, accuracy: { seconds: 1 } });
    expect(new Uint8Array(info.nonce ?? new ArrayBuffer())).toEqual(Uint8Array.of(5));
  });
});

(hasOpenssl ? describe : describe.skip)('openssl', () => {
  const files = () => ({
    message,
    'root.pem': encodePem('CERTIFICATE', authorities.tsaRoot.certificate.raw),
    'tsa.pem': encodePem('CERTIFICATE', authorities.tsa.certificate.raw),
  });
  const attime = ['-attime', String(wholeSecond.getTime() / 1000)];

  test.each(['-sha256', '-sha384', '-sha512'])('verifies the answer to its own query (%s)', async (digest) => {
    const query = openssl(files(), 'ts', '-query', '-data', 'message', digest, '-cert').stdout;
    const request = parseTimestampRequest(query);
    expect(request.certReq).toBe(true);
    const all = { ...files(), query, response: await stamp(request) };
    const verified = openssl(
      all,
      'ts',
      '-verify',
      '-queryfile',
      'query',
      '-in',
      'response',
      '-CAfile',
      'root.pem',
      ...attime,
    );
    expect(verified.output).toContain('Verification: OK');
  });

  test('verifies our query and an answer without certificate, given that', async () => {
    const request = requestFor({ nonce: 2n ** 64n - 1n });
    const all = { ...files(), query: encodeTimestampRequest(request), response: await stamp(request) };
    const args = ['-in', 'response', '-CAfile', 'root.pem', '-untrusted', 'tsa.pem', ...attime];
    expect(openssl(all, 'ts', '-verify', '-queryfile', 'query', ...args).output).toContain('Verification: OK');
    expect(openssl(all, 'ts', '-verify', '-data', 'message', ...args).output).toContain('Verification: OK');
  });

  test('reads a rejection', () => {
    const response = rejectTimestamp('unacceptedPolicy', 'not that one');
    const { output } = openssl({ response }, 'ts', '-reply', '-in', 'response', '-text');
    expect(output).toContain('Status: Rejected.');
    expect(output).toContain('not that one');
    expect(output).toContain('the requested TSA policy is not supported by the TSA');
  });
});

describe('a rejection', () => {
  test.each(Object.keys(TIMESTAMP_FAILURES) as TimestampFailure[])('says %s', (failure) => {
    expect(parseTimestampResponse(rejectTimestamp(failure, 'because'))).toEqual({
      status: 'not-granted',
      failures: [failure],
      text: 'because',
    });
  });
});

describe('nothing is timestamped', () => {
  const fields = () => ({
    request: requestFor(),
    signer: authorities.tsa.signer,
    chain: [authorities.tsa.certificate],
    time,
    serialNumber: randomSerialNumber(),
    policy: POLICY,
  });

  test('with another key than the certificate’s', async () => {
    const signer = generateSigner('tsa', 'ecdsa-p256');
    await expect(createTimestampResponse({ ...fields(), signer })).rejects.toThrow(refusedAs('wrong-key'));
  });

  test('without a certificate', async () => {
    await expect(createTimestampResponse({ ...fields(), chain: [] })).rejects.toThrow(refusedAs('wrong-key'));
  });

  test('after the certificate has expired', async () => {
    const late = new Date('2027-01-01T00:00:00Z');
    await expect(createTimestampResponse({ ...fields(), time: late })).rejects.toThrow(refusedAs('outside-validity'));
  });
});
