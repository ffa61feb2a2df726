import { toHex, sha256 } from '#crypto';
import { toBase64 } from '#crypto';
import { formatVerifierKey, type NoteSignature } from '#libs/note';
import { Watch } from './detection.js';
import { eventually } from './eventually.js';
import { keepEvidence, type Exhibit } from './exhibit.js';
import { noNetwork, tally } from './fresh-process.js';
import type { Network } from './network.js';
import type { Delivery, PackageIndex, Showing } from './package-index.js';
import { PackageManager, type Verified } from './package-manager.js';
import { command, entry, print, quote, say, step, table } from './page.js';
import { EARLIER, GENUINE, LATER, MALICIOUS } from './releases.js';
import type { WitnessProcess } from './witness-process.js';

const INDEX = BigInt(EARLIER.length);

/** Of each of these the cosignature. @throws Error when one refuses */
export async function cosigned(
  index: PackageIndex,
  showing: Showing,
  oldSize: bigint,
  witnesses: readonly WitnessProcess[],
): Promise<NoteSignature[]> {
  const answers = await Promise.all(witnesses.map(({ url }) => index.ask(url, showing, oldSize)));
  return answers.flatMap((answer, i) => {
    if (answer.kind === 'cosigned') return answer.lines;
    throw new Error(`${witnesses[i]?.city} should have cosigned, and did not: ${JSON.stringify(answer)}`);
  });
}

/** Two trees of one size: the two checkpoints are the whole proof. */
export async function actSameSize(
  network: Network,
  index: PackageIndex,
  common: Showing,
  folder: string,
): Promise<Exhibit> {
  const origin = index.key.name;
  step(2, 'The lie');
  say(
    `Release ${GENUINE.version} of ${GENUINE.name} comes out. In the log that Alice is shown, entry ${INDEX} is the digest ` +
      'of the genuine build. In the log that Bob is shown, the same entry is the digest of another one.',
  );
  print();
  const [forAlice, forBob] = await Promise.all([index.publish('a', GENUINE), index.publish('b', MALICIOUS)]);
  const seen = await cosigned(index, forAlice, INDEX, network.of('Oslo', 'Lima', 'Kyoto'));
  const deliveries = [
    await index.deliver(GENUINE, INDEX, forAlice, seen),
    await index.deliver(MALICIOUS, INDEX, forBob, []),
  ];
  const policy = network.policy(index, 0);
  const managers = deliveries.map(() => new PackageManager(policy, common.checkpoint));
  const verified = await Promise.all(deliveries.map(async (delivery, i) => managers[i]?.verify(delivery)));
  compare(deliveries, verified);
  print();
  say(
    'Both install. Nothing that either of them can check alone is wrong: each of the two histories is signed and ' +
      'consistent. Only the roots differ, and nobody has seen both.',
  );

  step(3, 'The witnesses notice');
  say(
    'The log has shown Alice’s tree to Oslo, Lima and Kyoto, and they have cosigned it. For Bob’s tree it asks Accra and ' +
      'Perth, which it has shown nothing of Alice’s. But the witnesses tell each other what they see.',
  );
  print();
  const [accra, perth] = network.of('Accra', 'Perth');
  if (!accra || !perth) throw new Error('a witness is missing');
  for (const witness of [accra, perth]) {
    await eventually(`${witness.city} hears of Alice’s tree`, async () => {
      return (await witness.metric('tally_gossip_loose_heads')) > 0;
    });
  }
  const watch = await Watch.begin(network, origin);
  const sinceMs = Date.now();
  const answers = await Promise.all([accra, perth].map(({ url }) => index.ask(url, forBob, INDEX)));
  for (const answer of answers) {
    if (answer.kind !== 'refused' || answer.status !== 404)
      throw new Error(`Bob’s tree should have been answered with 404: ${JSON.stringify(answer)}`);
  }
  const { last } = await watch.report(
    sinceMs,
    'the log asks Accra and Perth for their cosignature on Bob’s tree',
    `compared Bob’s tree with Alice’s: ${forBob.checkpoint.size} entries both, two roots, one key`,
  );

  step(4, 'The log is cut off');
  say('Neither Accra nor Perth has cosigned. Now the log goes back to the true history, and asks all five:');
  print();
  const next = await index.publish('a', ...LATER.slice(0, 1));
  for (const witness of network.witnesses) {
    const answer = await index.ask(witness.url, next, witness === accra || witness === perth ? INDEX : INDEX + 1n);
    if (answer.kind !== 'refused' || answer.status !== 404) throw new Error(`${witness.city} did not freeze the log`);
    entry(witness.city, `${answer.status}  ${answer.body.trim()}`, 6);
  }
  print();
  say('Frozen, everywhere, through every restart. Only the operator of a witness can undo it there.');

  step(5, 'The evidence');
  const exhibit = await keepEvidence(network, last, index.key, folder);
  say(
    `All five hold evidence that verifies. Here it is as ${last.city} serves it to anybody, ${exhibit.bytes} bytes: the ` +
      'two checkpoints with the log’s signatures, nothing else.',
  );
  print();
  say(exhibit.file);
  await inCourt(exhibit, formatVerifierKey(index.key), folder);
  return exhibit;
}

/** Verifies the evidence in a process that knows nothing but the file and the key, and has no network. */
export async function inCourt({ file }: Exhibit, vkey: string, folder: string): Promise<void> {
  const wrapper = await noNetwork();
  print();
  say(
    wrapper.length > 0
      ? 'A new process verifies it, in a network namespace of its own: there is no network in there.'
      : 'A new process verifies it. It opens no socket (there is no unshare here that could prove it).',
  );
  print();
  const name = file.slice(folder.length + 1);
  const checked = await tally(['evidence', 'verify', name, '--key', vkey], folder, wrapper);
  command([...wrapper, 'tally', 'evidence', 'verify', name, '--key', vkey]);
  quote(checked.stdout);
  print();
  const shown = await tally(['evidence', 'show', name], folder, wrapper);
  command(['tally', 'evidence', 'show', name]);
  quote(shown.stdout);
}

function compare(deliveries: readonly Delivery[], verified: readonly (Verified | undefined)[]): void {
  const row = (name: string, cell: (delivery: Delivery, verified: Verified) => string): string[] => [
    name,
    ...deliveries.map((delivery, i) => {
      const found = verified[i];
      if (!found) throw new Error('nothing was verified');
      return cell(delivery, found);
    }),
  ];
  table([
    ['', 'Alice', 'Bob'],
    row('downloads', ({ release }) => (release === GENUINE ? 'the genuine build' : 'one that posts his tokens')),
    row('its digest', ({ release }) => `sha256:${toHex(sha256(release.bytes)).slice(0, 16)}…`),
    row('the checkpoint', (_, { checkpoint: { size } }) => `a tree of ${size} entries`),
    row('  its root', (_, { checkpoint: { root } }) => `${toBase64(root).slice(0, 16)}…`),
    row('  signed by the log', () => '✓ one key for both'),
    row('the digest is in the tree', (_, { index }) => `✓ entry ${index}`),
    row('the tree continues the last', (_, { knownSize, checkpoint }) => `✓ ${knownSize} → ${checkpoint.size}`),
  ]);
}
