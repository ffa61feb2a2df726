import { parseCertificate } from '#libs/certificate';
import { encodePem, utf8Encode } from '#libs/crypto';
import { createIntermediateCertificate, createRootCertificate, createTsaCertificate } from '#libs/issuing';
import { replaceFile } from '#libs/tile-store';
import type { Home } from './home.js';
import type { StackKeys } from './keys.js';
import { namesFor } from './names.js';
import type { HomePaths } from './paths.js';
import { readIfThere } from './read-if-there.js';
import { StackError } from './stack-error.js';

/** A development stack that somebody forgets about ends by itself one day. */
const VALID_YEARS = 10;

/** PEM chains, the certificate of the service's key first, its self-signed root last. */
export interface Certificates {
  readonly ca: string;
  readonly tsa: string;
}

/** Reads both chains; at the first start they are made and kept. @throws StackError when one is missing later */
export async function openCertificates(home: Home, paths: HomePaths, keys: StackKeys): Promise<Certificates> {
  if (home.isNew) {
    const made = await makeCertificates(home, keys);
    await replaceFile(paths.certificates('ca'), utf8Encode(made.ca));
    await replaceFile(paths.certificates('tsa'), utf8Encode(made.tsa));
  }
  return { ca: await readChain(paths.certificates('ca')), tsa: await readChain(paths.certificates('tsa')) };
}

async function readChain(path: string): Promise<string> {
  const chain = await readIfThere(path);
  if (chain === undefined)
    throw new StackError(`${path} is missing: put it back, or begin anew with another TALLY_HOME`);
  return chain;
}

async function makeCertificates({ label, createdAt }: Home, keys: StackKeys): Promise<Certificates> {
  const names = namesFor(label);
  const notAfter = new Date(createdAt);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + VALID_YEARS);
  const validity = { notBefore: createdAt, notAfter };
  const subject = (commonName: string) => ({ organization: names.deployment, commonName });

  const caRoot = await createRootCertificate({
    subject: subject(`root.${names.ca}`),
    signer: keys.caRoot,
    ...validity,
  });
  const ca = await createIntermediateCertificate({
    subject: subject(names.ca),
    publicKey: keys.ca.publicKey,
    issuer: { certificate: parseCertificate(caRoot), signer: keys.caRoot },
    ...validity,
  });
  const tsaRoot = await createRootCertificate({
    subject: subject(`root.${names.tsa}`),
    signer: keys.tsaRoot,
    ...validity,
  });
  const tsa = await createTsaCertificate({
    subject: subject(names.tsa),
    publicKey: keys.tsa.publicKey,
    issuer: { certificate: parseCertificate(tsaRoot), signer: keys.tsaRoot },
    ...validity,
  });
  return { ca: pemChain(ca, caRoot), tsa: pemChain(tsa, tsaRoot) };
}

function pemChain(...certificates: readonly Uint8Array[]): string {
  return certificates.map((der) => encodePem('CERTIFICATE', der)).join('');
}
