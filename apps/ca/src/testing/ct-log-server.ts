import { createServer, type ServerResponse } from 'node:http';
import { sha256, toBase64 } from '#crypto';
import { encodeDigitallySigned, parseCertificate, precertTbs, sctSignedData } from '#libs/certificate';
import { sctExtensions } from '#libs/tlog';
import { generateSigner, type Signer } from '#libs/signer';
import { closeServer, listen } from './oidc-issuer.js';

/** A real ct log on a free port, as far as a CA sees one: add-pre-chain, with SCTs that verify. It keeps nothing. */
export interface CtLogServer {
  readonly url: string;
  readonly signer: Signer;
  /** The chains that were submitted, DER. */
  readonly submitted: readonly Uint8Array[][];
  /** Signs with another key from now on, or with its own again. */
  signWith(signer: Signer): void;
  /** Answers every request from now on; undefined makes it the log again. */
  misbehave(handler?: (response: ServerResponse) => void): void;
  close(): Promise<void>;
}

export async function startCtLogServer(): Promise<CtLogServer> {
  const signer = generateSigner('ct-log', 'ecdsa-p256');
  const submitted: Uint8Array[][] = [];
  let signing = signer;
  let handler: ((response: ServerResponse) => void) | undefined;

  async function addPreChain(chain: readonly Uint8Array[]): Promise<object> {
    const [precertificate, issuer] = chain.map((der) => parseCertificate(der));
    if (!precertificate || !issuer) throw new TypeError('a chain has at least two certificates');
    const timestampMs = BigInt(Date.now());
    const extensions = sctExtensions(BigInt(submitted.push([...chain]) - 1));
    const issuerKeyHash = sha256(issuer.publicKey.spki);
    const signed = sctSignedData({ timestampMs, extensions, issuerKeyHash, tbs: precertTbs(precertificate) });
    return {
      sct_version: 0,
      id: toBase64(sha256(signer.publicKey.spki)),
      timestamp: Number(timestampMs),
      extensions: toBase64(extensions),
      signature: toBase64(encodeDigitallySigned(signing.scheme, await signing.sign(signed))),
    };
  }

  const server = createServer(async (request, response) => {
    if (handler) return handler(response);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { chain } = JSON.parse(Buffer.concat(chunks).toString()) as { chain: string[] };
    const answer = await addPreChain(chain.map((der) => new Uint8Array(Buffer.from(der, 'base64'))));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  return {
    url: `http://127.0.0.1:${await listen(server)}`,
    signer,
    submitted,
    signWith(other) {
      signing = other;
    },
    misbehave(instead) {
      handler = instead;
    },
    close: () => closeServer(server),
  };
}
