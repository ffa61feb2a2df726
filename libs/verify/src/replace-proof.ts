import { jsonSpan } from './json-span.js';
import { formatInclusionProof, type InclusionProof } from './tlog-entry.js';
import { VerificationError } from './verification-error.js';

/**
 * The JSON of a bundle with another inclusion proof in one of its log entries; every other byte of it stays.
 * @throws VerificationError malformed-bundle when the entry has no proof
 */
export function replaceInclusionProof(json: string, entry: number, proof: InclusionProof): string {
  const span = jsonSpan(json, [
    ['verificationMaterial', 'verification_material'],
    ['tlogEntries', 'tlog_entries'],
    entry,
    ['inclusionProof', 'inclusion_proof'],
  ]);
  if (span === undefined || json[span.start] !== '{') {
    throw new VerificationError('malformed-bundle', `log entry ${entry} of the bundle has no inclusion proof`);
  }
  const replaced = json.slice(span.start, span.end);
  return json.slice(0, span.start) + written(proof, replaced) + json.slice(span.end);
}

/** On one line, or on several with the indentation of the one that it replaces. */
function written(proof: InclusionProof, replaced: string): string {
  const value = formatInclusionProof(proof);
  const indents = [...replaced.matchAll(/\n([ \t]*)(?=\S)/g)].map(([, indent = '']) => indent);
  const outer = indents.at(-1);
  if (outer === undefined) return JSON.stringify(value);
  const step = indents[0]?.startsWith(outer) ? indents[0].slice(outer.length) : '  ';
  return JSON.stringify(value, null, step).replaceAll('\n', `\n${outer}`);
}
