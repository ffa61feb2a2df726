import { sha256, toHex } from '#crypto';
import { utf8Encode } from '#libs/crypto';

/** A package as somebody downloads it. */
export interface Release {
  readonly name: string;
  readonly version: string;
  readonly bytes: Uint8Array;
}

/** What the log says about it: one line, from which anybody who has the bytes can make the leaf. */
export function leafOf({ name, version, bytes }: Release): Uint8Array {
  return utf8Encode(`${name} ${version} sha256:${toHex(sha256(bytes))}\n`);
}

function release(name: string, version: string, source: string = `the source of ${name} ${version}`): Release {
  return { name, version, bytes: utf8Encode(source) };
}

/** Until here everybody is shown the same. */
export const EARLIER: readonly Release[] = [
  release('quickzip', '1.3.9'),
  release('yarrow', '0.9.0'),
  release('quickzip', '1.4.0'),
  release('tidepool', '2.0.0'),
  release('yarrow', '0.9.1'),
  release('quickzip', '1.4.1'),
  release('lanternfish', '3.2.7'),
  release('tidepool', '2.0.1'),
];

export const GENUINE = release('quickzip', '1.4.2');
export const MALICIOUS = release(
  'quickzip',
  '1.4.2',
  'the source of quickzip 1.4.2, and a line that posts your tokens',
);

export const LATER: readonly Release[] = [
  release('yarrow', '0.9.2'),
  release('lanternfish', '3.3.0'),
  release('tidepool', '2.1.0'),
];
