import { derOid, derSequence, derSet, derString } from '#libs/crypto';

const ORGANIZATION = '2.5.4.10';
const COMMON_NAME = '2.5.4.3';

/** The two attributes of an X.509 Name that a trusted root shows; missing ones are empty. */
export function subjectOf(name: Uint8Array): { organization: string; commonName: string } {
  const attributes = new Map<string, string>();
  for (const relativeName of derSequence(name)) {
    for (const attribute of derSet(relativeName)) {
      const [type, value] = derSequence(attribute);
      const oid = derOid(type);
      if (oid === ORGANIZATION || oid === COMMON_NAME) attributes.set(oid, derString(value));
    }
  }
  return { organization: attributes.get(ORGANIZATION) ?? '', commonName: attributes.get(COMMON_NAME) ?? '' };
}
