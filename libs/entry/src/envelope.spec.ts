import { describe, expect, test } from '@jest/globals';
import { utf8Decode, utf8Encode } from '#libs/crypto';
import { formatEnvelope, pae, readEnvelope, type Envelope } from './envelope.js';
import { readMessage } from './message-reader.js';

describe('pae', () => {
  test('is as in the DSSE protocol', () => {
    // https://github.com/secure-systems-lab/dsse/blob/master/protocol.md, "Test Vectors"
    expect(utf8Decode(pae('http://example.com/HelloWorld', utf8Encode('hello world')))).toBe(
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    );
  });

  test('counts bytes, not characters', () => {
    expect(utf8Decode(pae('ü', utf8Encode('ö')))).toBe('DSSEv1 2 ü 2 ö');
  });
});

describe('an envelope', () => {
  const parse = (value: unknown): Envelope =>
    readMessage(
      value,
      { name: 'envelope', refuse: (message) => new TypeError(message), unknownFields: 'refuse' },
      readEnvelope,
    );
  const json = { payload: 'aGk=', payloadType: 'text/plain', signatures: [{ sig: 'AQID', keyid: 'k' }] };

  test('is the same after reading and writing', () => {
    expect(formatEnvelope(parse(json))).toEqual(json);
  });

  test('without a payload type is refused', () => {
    expect(() => parse({ ...json, payloadType: undefined })).toThrow('payloadType');
  });

  test('with more signatures than anyone verifies is refused', () => {
    const signatures = Array.from({ length: 11 }, () => ({ sig: 'AQID' }));
    expect(() => parse({ ...json, signatures })).toThrow('signatures');
  });
});
