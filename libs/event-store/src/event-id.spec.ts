import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { eventId } from './event-id.js';

test('an event id is a UUID of version 8 and the RFC variant, from the SHA-256 of the parts with their lengths', () => {
  const parts = Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.from('ab'), Buffer.from([0, 0, 0, 1, 0xff])]);
  const hash = createHash('sha256').update(parts).digest('hex');
  const id = eventId('ab', Uint8Array.of(0xff));
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const differing = [12, 16]; // where the version and the variant are
  const hex = id.replaceAll('-', '');
  expect([...hex].filter((_, at) => !differing.includes(at))).toEqual(
    [...hash].slice(0, 32).filter((_, at) => !differing.includes(at)),
  );
});

test('an event id stays what it is', () => {
  expect(eventId('seq/v1', 'log', Uint8Array.of(0, 1, 2))).toBe('174ab3ad-cbe1-853e-a1f5-a0eed27b757a');
});

test('parts that only meet elsewhere have another id', () => {
  expect(eventId('ab', 'c')).not.toBe(eventId('a', 'bc'));
  expect(eventId('a')).not.toBe(eventId('a', ''));
});
