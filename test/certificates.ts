import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { DER, encodeDer, encodeOid, utf8Encode } from '#libs/crypto';

/** A certificate factory that, unlike a CA, makes whatever a test wants to see refused. */
export interface MadeCertificate {
  readonly der: Uint8Array;
  /** The Name, DER. */
  readonly name: Uint8Array;
  readonly privateKey: KeyObject;
}

export interface CertificateRecipe {
  readonly commonName?: string;
  /** Self-signed without one. */
  readonly issuer?: MadeCertificate;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly extensions?: readonly Uint8Array[];
  /** In place of the field's own bytes. */
  readonly replace?: Partial<
    Record<'version' | 'serialNumber' | 'tbsAlgorithm' | 'validity' | 'publicKey', Uint8Array>
  >;
  readonly append?: Uint8Array;
}

export const KEY_USAGE = { signing: [0x03, 0x02, 0x07, 0x80], ca: [0x03, 0x02, 0x01, 0x06] } as const;
const ECDSA_SHA256 = encodeDer(DER.sequence, encodeOid('1.2.840.10045.4.3.2'));

export function extension(oid: string, value: readonly number[] | Uint8Array, critical = false): Uint8Array {
  const flag = critical ? [encodeDer(DER.boolean, Uint8Array.of(0xff))] : [];
  return encodeDer(DER.sequence, encodeOid(oid), ...flag, encodeDer(DER.octetString, Uint8Array.from(value)));
}

export function basicConstraints(pathLength?: number): Uint8Array {
  const length = pathLength === undefined ? [] : [encodeDer(DER.integer, Uint8Array.of(pathLength))];
  const value = encodeDer(DER.sequence, encodeDer(DER.boolean, Uint8Array.of(0xff)), ...length);
  return extension('2.5.29.19', value, true);
}

export function keyUsage(bits: readonly number[]): Uint8Array {
  return extension('2.5.29.15', bits, true);
}

export function extendedKeyUsage(...oids: readonly string[]): Uint8Array {
  return extension('2.5.29.37', encodeDer(DER.sequence, ...oids.map(encodeOid)));
}

export function utcTime(time: Date): Uint8Array {
  const text = time.toISOString().slice(2, 19).replace(/[-T:]/g, '');
  return encodeDer(DER.utcTime, utf8Encode(`${text}Z`));
}

/** The bits of a BIT STRING of whole octets. */
function bitString(bytes: Uint8Array): Uint8Array {
  return encodeDer(DER.bitString, Uint8Array.of(0), bytes);
}

export function makeCertificate(recipe: CertificateRecipe): MadeCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const commonName = encodeDer(DER.utf8String, utf8Encode(recipe.commonName ?? 'test'));
  const name = encodeDer(DER.sequence, encodeDer(DER.set, encodeDer(DER.sequence, encodeOid('2.5.4.3'), commonName)));
  const notBefore = recipe.notBefore ?? new Date('2026-01-01T00:00:00Z');
  const notAfter = recipe.notAfter ?? new Date('2027-01-01T00:00:00Z');
  const { replace } = recipe;
  const tbs = encodeDer(
    DER.sequence,
    replace?.version ?? encodeDer(0xa0, encodeDer(DER.integer, Uint8Array.of(2))),
    replace?.serialNumber ?? encodeDer(DER.integer, Uint8Array.of(0x40), randomBytes(19)),
    replace?.tbsAlgorithm ?? ECDSA_SHA256,
    recipe.issuer?.name ?? name,
    replace?.validity ?? encodeDer(DER.sequence, utcTime(notBefore), utcTime(notAfter)),
    name,
    replace?.publicKey ?? new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    ...(recipe.extensions ? [encodeDer(0xa3, encodeDer(DER.sequence, ...recipe.extensions))] : []),
    ...(recipe.append ? [recipe.append] : []),
  );
  const signature = sign('sha256', tbs, recipe.issuer?.privateKey ?? privateKey);
  return { der: encodeDer(DER.sequence, tbs, ECDSA_SHA256, bitString(new Uint8Array(signature))), name, privateKey };
}
