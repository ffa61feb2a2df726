import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { equalBytes } from '#libs/crypto';
import { fetchEvidence, fetchWitnessStatus } from '#libs/client';
import { verifyEvidence, weighEvidence, type ProvenEvidence } from '#libs/evidence';
import { formatVerifierKey, type VerifierKey } from '#libs/note';
import { tally, withoutNetwork } from './fresh-process.js';
import type { Network } from './network.js';
import { command, print, quote, say } from './page.js';
import type { WitnessProcess } from './witness-process.js';

/** An evidence file that can be handed to anybody. */
export interface Exhibit {
  readonly file: string;
  readonly bytes: number;
  readonly proven: ProvenEvidence;
}

/** Takes the evidence from one witness, as anybody can, and keeps it. @throws Error when any witness holds none that convicts */
export async function keepEvidence(
  network: Network,
  from: WitnessProcess,
  key: VerifierKey,
  folder: string,
): Promise<Exhibit> {
  const held = await Promise.all(network.witnesses.map((witness) => evidenceOf(witness, key)));
  const mine = held[network.witnesses.indexOf(from)];
  if (!mine) throw new Error(`${from.city} is not one of the witnesses`);
  const file = join(folder, mine.name);
  await writeFile(file, mine.bytes);
  return { file, bytes: mine.bytes.length, proven: verifyEvidence(mine.bytes) };
}

/** Has it verified by a process that knows nothing but the file and the key. @throws Error when that refuses */
export async function tryExhibit({ file }: Exhibit, key: VerifierKey): Promise<void> {
  const wrapper = await withoutNetwork();
  say(
    wrapper
      ? 'Anybody can verify it, anywhere, for ever. Here a new process does, in a network namespace of its own, where ' +
          'there is no network:'
      : 'Anybody can verify it, anywhere, for ever. Here a new process does, which opens no socket (this machine lets ' +
          'nobody make a network namespace, which would prove it):',
  );
  print();
  const { words, stdout } = await tally(['evidence', 'verify', file, '--key', formatVerifierKey(key)], wrapper);
  command(words);
  quote(stdout);
}

async function evidenceOf(witness: WitnessProcess, key: VerifierKey): Promise<{ name: string; bytes: Uint8Array }> {
  const vkey = formatVerifierKey(key);
  const status = await fetchWitnessStatus(witness.url);
  const path = status?.frozen.find((frozen) => frozen.key === vkey)?.evidencePath;
  if (path === undefined) throw new Error(`${witness.city} shows no evidence against ${vkey}`);
  const bytes = await fetchEvidence(witness.url, path);
  const proven = verifyEvidence(bytes);
  if (weighEvidence(proven.evidence, [key]) !== 'guilty' || !equalBytes(proven.accused.publicKey, key.publicKey))
    throw new Error(`the evidence that ${witness.city} holds is not against ${vkey}`);
  return { name: basename(path), bytes };
}
