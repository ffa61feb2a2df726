import { ByteReader, concatBytes, u64, vector } from '#libs/crypto';
import type { NewEvent } from '#libs/event-store';
import { eventId } from '#libs/event-store';

export const CERTIFICATE_ISSUED = 'CertificateIssued/v1';

/**
 * That this CA issued a certificate, and where the ct log promised to show it. Hashes, times and an index: who it was
 * issued to stands in the certificate, which is public in the log, and nowhere in the store.
 */
export interface CertificateIssued {
  /** SHA-256 of the certificate, DER. */
  readonly certificateHash: Uint8Array;
  /** The contents of the INTEGER. */
  readonly serialNumber: Uint8Array;
  /** Milliseconds since 1970. */
  readonly notBeforeMs: bigint;
  readonly notAfterMs: bigint;
  /** SHA-256 of the ct log's SubjectPublicKeyInfo. */
  readonly logId: Uint8Array;
  readonly sctTimestampMs: bigint;
  /** From the SCT's extensions (static-ct-api); logs of other kinds give none. */
  readonly leafIndex: bigint | undefined;
}

const HASH_BYTES = 32;

/** certificate hash, log id, not before, not after, SCT time, serial number and leaf index behind their lengths. */
export function encodeCertificateIssued(event: CertificateIssued): Uint8Array {
  return concatBytes(
    event.certificateHash,
    event.logId,
    u64(event.notBeforeMs),
    u64(event.notAfterMs),
    u64(event.sctTimestampMs),
    vector(1, event.serialNumber),
    vector(1, event.leafIndex === undefined ? new Uint8Array() : u64(event.leafIndex)),
  );
}

/** @throws BytesError truncated, trailing-data */
export function decodeCertificateIssued(data: Uint8Array): CertificateIssued {
  const reader = new ByteReader(data);
  const event = {
    certificateHash: reader.take(HASH_BYTES),
    logId: reader.take(HASH_BYTES),
    notBeforeMs: reader.u64(),
    notAfterMs: reader.u64(),
    sctTimestampMs: reader.u64(),
    serialNumber: reader.vector(1),
  };
  const leafIndex = reader.vector(1);
  reader.end();
  return { ...event, leafIndex: leafIndex.length === 0 ? undefined : new ByteReader(leafIndex).u64() };
}

/** The event as it is appended: its id follows from its content, so appending it again is a retry and no second one. */
export function certificateIssuedEvent(stream: string, event: CertificateIssued): NewEvent {
  const data = encodeCertificateIssued(event);
  return { id: eventId(CERTIFICATE_ISSUED, stream, data), type: CERTIFICATE_ISSUED, data };
}
