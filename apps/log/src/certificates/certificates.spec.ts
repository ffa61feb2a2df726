import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256, toBase64, toHex } from '#crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseCertificate, verifyEmbeddedSct, type Sct } from '#libs/certificate';
import { addPreChain } from '#libs/client';
import { encodePem, type PublicKey } from '#libs/crypto';
import {
  createIntermediateCertificate,
  createPrecertificate,
  createRootCertificate,
  createSigningCertificate,
  randomSerialNumber,
  type SigningCertificateFields,
} from '#libs/issuing';
import { hashLeaf } from '#libs/merkle';
import { KEY_TYPE, parseNote, verifierKey } from '#libs/note';
import { createLogger, startService, type RunningService } from '#libs/server';
import { generateSigner, openKeyFile, type Signer } from '#libs/signer';
import { logVerifier, merkleTreeLeaf, openCheckpoint, parseRfc6962NoteSignature, parseTileLeaves } from '#libs/tlog';
import type { LogConfig } from '../config.js';
import { logService } from '../log.module.js';

const ORIGIN = 'ct-test.tally.localhost';
const MINUTE = 60_000;
const quiet = createLogger('log', { write: () => undefined });

describe('a ct log', () => {
  let folder: string;
  let service: RunningService;
  let logKey: PublicKey;
  let root: Uint8Array;
  let intermediate: Uint8Array;
  let caSigner: Signer;
  const now = Math.floor(Date.now() / 1000) * 1000;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-ct-'));
    const rootSigner = await generateSigner('ca-root', 'ecdsa-p384');
    caSigner = await generateSigner('ca', 'ecdsa-p384');
    const year = { notBefore: new Date(now - MINUTE), notAfter: new Date(now + 365 * 24 * 60 * MINUTE) };
    root = await createRootCertificate({
      subject: { organization: 'test', commonName: 'root' },
      signer: rootSigner,
      ...year,
    });
    intermediate = await createIntermediateCertificate({
      subject: { organization: 'test', commonName: 'intermediate' },
      publicKey: caSigner.publicKey,
      issuer: { certificate: parseCertificate(root), signer: rootSigner },
      ...year,
    });
    const config: LogConfig = {
      profile: 'development',
      host: '127.0.0.1',
      port: 0,
      kind: 'ct',
      origin: ORIGIN,
      inception: new Date(),
      dataDirectory: join(folder, 'data'),
      keyFile: join(folder, 'key'),
      markFile: join(folder, 'mark'),
      rootsFile: join(folder, 'roots.pem'),
      poolLimit: 100,
      checkpointIntervalMs: 0,
    };
    await writeFile(join(folder, 'roots.pem'), encodePem('CERTIFICATE', root));
    const key = { role: 'ct-log', algorithm: 'ecdsa-p256', profile: 'development', create: true } as const;
    logKey = (await openKeyFile(config.keyFile, key)).publicKey;
    service = await startService(logService(config), quiet);
  });
  afterAll(async () => {
    await service.close();
    await rm(folder, { recursive: true });
  });

  async function fields(subject: string): Promise<SigningCertificateFields> {
    return {
      identity: { subject: { type: 'email', value: subject }, issuer: 'https://issuer.example', claims: {} },
      publicKey: (await generateSigner('witness', 'ecdsa-p256')).publicKey,
      issuer: { certificate: parseCertificate(intermediate), signer: caSigner },
      serialNumber: randomSerialNumber(),
      notBefore: new Date(now),
      notAfter: new Date(now + 10 * MINUTE),
    };
  }

  const bytes = async (path: string): Promise<Uint8Array> => {
    const answer = await fetch(`${service.url}/${path}`);
    expect({ path, status: answer.status }).toEqual({ path, status: 200 });
    return new Uint8Array(await answer.arrayBuffer());
  };

  function post(body: unknown): Promise<Response> {
    return fetch(`${service.url}/ct/v1/add-pre-chain`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  test('answers with an SCT that verifies in the final certificate', async () => {
    const certificate = await fields('sct@example.org');
    const sct: Sct = await addPreChain(service.url, [await createPrecertificate(certificate), intermediate, root]);
    const final = parseCertificate(await createSigningCertificate({ ...certificate, scts: [sct.raw] }));
    const log = { logId: sha256(logKey.spki), publicKey: logKey, validFor: { start: new Date(0) } };
    expect(() =>
      verifyEmbeddedSct({ certificate: final, issuer: parseCertificate(intermediate), logs: [log] }),
    ).not.toThrow();
  });

  test('has the entry in its tree when the SCT leaves: data tile, hash tile, checkpoint, issuers', async () => {
    const precertificate = await createPrecertificate(await fields('tile@example.org'));
    const sct = await addPreChain(service.url, [precertificate, intermediate]);
    const note = await bytes('checkpoint');
    const { checkpoint } = openCheckpoint(note, [logVerifier(verifierKey(ORIGIN, KEY_TYPE.rfc6962, logKey.spki))]);
    const width = Number(checkpoint.size);
    const leaves = parseTileLeaves(await bytes(`tile/data/000.p/${width}`));
    const leaf = leaves.find(
      ({ entry }) => entry.kind === 'precert' && toHex(entry.precertificate) === toHex(precertificate),
    );
    expect(leaf).toMatchObject({ timestampMs: sct.timestampMs, extensions: sct.extensions });
    expect(leaf!.chainFingerprints.map(toHex)).toEqual([intermediate, root].map((der) => toHex(sha256(der))));
    expect(await bytes(`tile/0/000.p/${width}`)).toEqual(
      Uint8Array.from(leaves.flatMap((one) => [...hashLeaf(merkleTreeLeaf(one))])),
    );
    expect(await bytes(`issuer/${toHex(sha256(root))}`)).toEqual(root);
    // RFC 6962 §3.5: the tree head is not older than the entries that it covers.
    const { timestampMs } = parseRfc6962NoteSignature(parseNote(note).signatures[0]!.signature);
    expect(timestampMs).toBeGreaterThanOrEqual(sct.timestampMs);
  });

  test('answers the same precertificate with the same index and time', async () => {
    const chain = [await createPrecertificate(await fields('twice@example.org')), intermediate, root];
    const scts = await Promise.all([addPreChain(service.url, chain), addPreChain(service.url, chain)]);
    const [one, two] = [...scts, await addPreChain(service.url, chain)].map(({ timestampMs, extensions }) => ({
      timestampMs,
      extensions,
    }));
    expect(two).toEqual(one);
  });

  test('names the roots that it accepts', async () => {
    const answer = await fetch(`${service.url}/ct/v1/get-roots`);
    expect(await answer.json()).toEqual({ certificates: [toBase64(root)] });
  });

  describe('refuses with 400', () => {
    const b64 = (...chain: Uint8Array[]): object => ({ chain: chain.map(toBase64) });
    test.each<[string, () => Promise<unknown>]>([
      ['malformed JSON', async () => '{'],
      ['no chain', async () => ({})],
      ['an empty chain', async () => ({ chain: [] })],
      ['a chain that is too long', async () => b64(...Array.from({ length: 9 }, () => root))],
      ['what is not base64', async () => ({ chain: ['!'] })],
      ['what is no certificate', async () => b64(Uint8Array.of(1, 2, 3))],
      ['a certificate without poison', async () => b64(intermediate, root)],
      [
        'another root',
        async () => {
          const signer = await generateSigner('ca-root', 'ecdsa-p256');
          const period = { notBefore: new Date(now - MINUTE), notAfter: new Date(now + 60 * MINUTE) };
          const other = await createRootCertificate({
            subject: { organization: 'other', commonName: 'other' },
            signer,
            ...period,
          });
          return b64(
            await createPrecertificate({
              ...(await fields('x@example.org')),
              issuer: { certificate: parseCertificate(other), signer },
            }),
            other,
          );
        },
      ],
      [
        'a precertificate whose signature is broken',
        async () => {
          const der = await createPrecertificate(await fields('x@example.org'));
          return b64(der.with(der.length - 1, der.at(-1)! ^ 1), intermediate, root);
        },
      ],
    ])('%s', async (_what, body) => {
      const before = await bytes('checkpoint');
      const answer = await post(await body());
      expect(answer.status).toBe(400);
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(await bytes('checkpoint')).toEqual(before);
    });
  });
});
