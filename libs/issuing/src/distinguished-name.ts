import 'reflect-metadata';
import { Name } from '@peculiar/x509';

export interface DistinguishedName {
  readonly organization: string;
  readonly commonName: string;
}

/** A Name of an organization and a common name, in this order, as Sigstore's own, DER. */
export function encodeDistinguishedName({ organization, commonName }: DistinguishedName): Uint8Array {
  return new Uint8Array(new Name([{ O: [organization] }, { CN: [commonName] }]).toArrayBuffer());
}
