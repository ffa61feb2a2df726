import { toBase64, toHex } from '#crypto';
import { identityOf, parseCertificate } from '#libs/certificate';
import { CodedError, utf8Encode } from '#libs/crypto';
import { parseStatement } from '#libs/entry';
import { parseNote } from '#libs/note';
import { parseTimestampResponse } from '#libs/timestamp';
import { parseCheckpoint } from '#libs/tlog';
import type { Bundle, BundleContent, BundleMaterial, TlogEntry } from '#libs/verify';
import { readBundle } from '../bundle-file.js';
import { printResult, type Context } from '../context.js';
import { EXIT } from '../failure.js';
import { fields, plain, shownTime } from '../lines.js';
import { identityJson } from '../verdict.js';

type Field = readonly [name: string, value: string | undefined];

/** One part of a bundle, for people and for programs. */
interface Part {
  readonly fields: readonly Field[];
  readonly json: object;
}

/** `tally bundle inspect`: what a bundle says of itself. Nothing of it is verified, and the output says so. */
export async function bundleInspect(file: string, context: Context): Promise<number> {
  const bundle = await readBundle(file, context);
  const parts = inspect(bundle);
  printResult(
    context,
    { verified: false, mediaType: bundle.mediaType, ...Object.assign({}, ...parts.map(({ json }) => json)) },
    `${file}: what it says, not verified\n${fields([['media type', bundle.mediaType], ...parts.flatMap((part) => part.fields)])}`,
  );
  return EXIT.done;
}

function inspect(bundle: Bundle): Part[] {
  const entries = bundle.tlogEntries.map(inspectEntry);
  const timestamps = bundle.timestamps.map(inspectTimestamp);
  return [
    readable('certificate', () => inspectMaterial(bundle.material)),
    readable('content', () => inspectContent(bundle.content)),
    { fields: entries.flatMap((part) => part.fields), json: { tlogEntries: entries.map(({ json }) => json) } },
    { fields: timestamps.flatMap((part) => part.fields), json: { timestamps: timestamps.map(({ json }) => json) } },
  ];
}

function inspectMaterial(material: BundleMaterial): Part {
  if (material.kind === 'public-key') {
    return { fields: [['public key', `hint ${plain(material.hint)}`]], json: { publicKey: { hint: material.hint } } };
  }
  const der = material.kind === 'certificate' ? material.certificate : (material.certificates[0] ?? new Uint8Array());
  const { notBefore, notAfter, publicKey, ...rest } = parseCertificate(der);
  const identity = identityOf({ notBefore, notAfter, publicKey, ...rest });
  return {
    fields: [
      ['identity', plain(identity.subject.value)],
      ['issuer', plain(identity.issuer)],
      ...Object.entries(identity.claims).map(([name, value]): Field => [`  ${name}`, plain(value)]),
      ['certificate', `${shownTime(notBefore)} to ${shownTime(notAfter)}, ${publicKey.algorithm}`],
    ],
    json: {
      certificate: {
        identity: identityJson(identity),
        notBefore: notBefore.toISOString(),
        notAfter: notAfter.toISOString(),
        keyAlgorithm: publicKey.algorithm,
      },
    },
  };
}

function inspectContent(content: BundleContent): Part {
  if (content.kind === 'message-signature') {
    const digest = content.digest === undefined ? undefined : `${content.digestAlgorithm}:${toHex(content.digest)}`;
    return {
      fields: [['signature over', digest ?? 'a message whose digest is not given']],
      json: { messageSignature: { digest, signature: toBase64(content.signature) } },
    };
  }
  const { payloadType, payload } = content.envelope;
  const { predicateType, subjects } = parseStatement(payload);
  const named = subjects.map(({ name, digest }) => ({ name, digest: Object.fromEntries(digest) }));
  return {
    fields: [
      ['statement', plain(predicateType)],
      ...subjects.map(({ name, digest }): Field => {
        const digests = [...digest].map(([algorithm, hex]) => `${algorithm}:${hex}`);
        return ['  about', plain(`${name} ${digests.join(' ')}`)];
      }),
    ],
    json: { dsseEnvelope: { payloadType, predicateType, subjects: named } },
  };
}

function inspectEntry(entry: TlogEntry): Part {
  const { logIndex, logId, kind, version, integratedTime, inclusionProof } = entry;
  return readable('log entry', () => {
    const note = inclusionProof?.checkpoint ? parseNote(utf8Encode(inclusionProof.checkpoint)) : undefined;
    const checkpoint = note && parseCheckpoint(note.text);
    const signedBy = note?.signatures.map(({ name }) => name);
    return {
      fields: [
        ['log entry', `index ${logIndex}, ${plain(`${kind} ${version}`)}, log ID ${toBase64(logId)}`],
        ['  integrated', integratedTime === 0n ? undefined : shownTime(new Date(Number(integratedTime) * 1000))],
        ['  checkpoint', checkpoint && `${plain(checkpoint.origin)}, size ${checkpoint.size}`],
        ['  signed by', signedBy && plain(signedBy.join(', '))],
      ],
      json: {
        logIndex,
        logId: toBase64(logId),
        kindVersion: `${kind} ${version}`,
        integratedTime,
        checkpoint: checkpoint && { origin: checkpoint.origin, size: checkpoint.size, signedBy },
      },
    };
  });
}

function inspectTimestamp(der: Uint8Array): Part {
  return readable('timestamp', () => {
    const response = parseTimestampResponse(der);
    if (response.status !== 'granted') return { fields: [['timestamp', 'not granted']], json: { granted: false } };
    const { genTime, policy } = response.token.info;
    return {
      fields: [['timestamp', shownTime(genTime)]],
      json: { granted: true, time: genTime.toISOString(), policy },
    };
  });
}

/** A part that can't be read is shown as that: somebody looks here to find out what is wrong. */
function readable(name: string, read: () => Part): Part {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { fields: [[name, `unreadable: ${plain(error.message)}`]], json: { unreadable: error.message } };
  }
}
