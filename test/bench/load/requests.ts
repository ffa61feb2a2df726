import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { encodeDer, encodeOid } from '#libs/crypto';

/** What the generator sends: the request with this number, ready to be written to a socket. */
export type RequestSource = (i: number) => Uint8Array;

/** An uncompressed P-256 point. */
const POINT_BYTES = 65;

/** How many bytes the certificates of Fulcio have beside names, key and signature: most of it an embedded SCT. */
const EXTENSION_BYTES = 300;

/**
 * `count` requests of `POST /api/v2/log/entries`, as signing clients send them: each a digest of its own, signed by a P-256
 * key of its own, in a certificate of its own. A log verifies the signature and not the certificate's, so one certificate
 * serves as the form for all of them, with another key put in.
 */
export function signedEntries(host: string, count: number): Uint8Array[] {
  const form = certificateForm();
  return Array.from({ length: count }, () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-POINT_BYTES);
    const certificate = Buffer.concat([form.before, point, form.after]);
    const artifact = randomBytes(16);
    const body = JSON.stringify({
      hashedRekordRequestV002: {
        digest: createHash('sha256').update(artifact).digest('base64'),
        signature: {
          content: sign('sha256', artifact, privateKey).toString('base64'),
          verifier: {
            x509Certificate: { rawBytes: certificate.toString('base64') },
            keyDetails: 'PKIX_ECDSA_P256_SHA_256',
          },
        },
      },
    });
    return post(host, '/api/v2/log/entries', 'application/json', Buffer.from(body));
  });
}

/** GET requests of these paths. */
export function gets(host: string, paths: readonly string[]): Uint8Array[] {
  return paths.map((path) => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
}

/** A POST request with this body. */
export function post(host: string, path: string, type: string, body: Uint8Array): Uint8Array {
  const head = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** A certificate in the shape of Fulcio's, cut where its key is. Nobody checks its signature. */
function certificateForm(): { readonly before: Uint8Array; readonly after: Uint8Array } {
  const sequence = (...parts: Uint8Array[]): Uint8Array => encodeDer(0x30, ...parts);
  const text = (value: string): Uint8Array => encodeDer(0x0c, Buffer.from(value));
  const name = (value: string): Uint8Array => sequence(encodeDer(0x31, sequence(encodeOid('2.5.4.3'), text(value))));
  const time = (value: string): Uint8Array => encodeDer(0x17, Buffer.from(value));
  const extension = (oid: string, value: Uint8Array): Uint8Array => sequence(encodeOid(oid), encodeDer(0x04, value));
  const algorithm = sequence(encodeOid('1.2.840.10045.4.3.2'));
  const point = Buffer.alloc(POINT_BYTES, 0x5a);
  const spki = sequence(
    sequence(encodeOid('1.2.840.10045.2.1'), encodeOid('1.2.840.10045.3.1.7')),
    encodeDer(0x03, Uint8Array.of(0), point),
  );
  const extensions = sequence(
    extension('2.5.29.15', Buffer.from('03020780', 'hex')),
    extension('2.5.29.17', sequence(encodeDer(0x81, Buffer.from('somebody@example.org')))),
    extension('1.3.6.1.4.1.57264.1.8', text('https://accounts.example.org')),
    extension('1.3.6.1.4.1.11129.2.4.2', encodeDer(0x04, randomBytes(EXTENSION_BYTES))),
  );
  const tbs = sequence(
    encodeDer(0xa0, encodeDer(0x02, Uint8Array.of(2))),
    encodeDer(0x02, Buffer.concat([Uint8Array.of(0x11), randomBytes(15)])),
    algorithm,
    name('bench'),
    sequence(time('261101000000Z'), time('261101001000Z')),
    sequence(),
    spki,
    encodeDer(0xa3, extensions),
  );
  const certificate = Buffer.from(sequence(tbs, algorithm, encodeDer(0x03, Uint8Array.of(0), randomBytes(71))));
  const at = certificate.indexOf(point);
  return { before: certificate.subarray(0, at), after: certificate.subarray(at + POINT_BYTES) };
}
