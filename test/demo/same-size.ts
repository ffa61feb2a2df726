import { sha256, toBase64, toHex } from '#crypto';
import { Watch } from './detection.js';
import { keepEvidence, tryExhibit, type Exhibit } from './exhibit.js';
import { tally } from './fresh-process.js';
import type { Network } from './network.js';
import type { Delivery, PackageIndex, Showing } from './package-index.js';
import { PackageManager, type Verified } from './package-manager.js';
import { command, entry, print, quote, say, step, table } from './page.js';
import { EARLIER, GENUINE, LATER, MALICIOUS } from './releases.js';

const INDEX = BigInt(EARLIER.length);

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
  const asked = await index.request(forAlice, INDEX);
  const seen = await Promise.all(network.of('Oslo', 'Lima', 'Kyoto').map((witness) => witness.cosign(asked)));
  const deliveries = [
    await index.deliver(GENUINE, INDEX, forAlice, seen.flat()),
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
  const unasked = network.of('Accra', 'Perth');
  await Promise.all(unasked.map((witness) => witness.hearsOfAnotherTree()));
  const request = await index.request(forBob, INDEX);
  const watch = await Watch.begin(network, origin);
  const sinceMs = Date.now();
  await Promise.all(unasked.map((witness) => witness.refuse(request)));
  const last = await watch.report(
    sinceMs,
    'the log asks Accra and Perth for their cosignature on Bob’s tree',
    `compared Bob’s tree with Alice’s: ${forBob.checkpoint.size} entries both, two roots, one key`,
  );

  step(4, 'The log is cut off');
  say('Neither Accra nor Perth has cosigned. Now the log goes back to the true history, and asks all five:');
  print();
  const next = await index.publish('a', ...LATER.slice(0, 1));
  const reasons = await Promise.all(
    network.witnesses.map(async (witness) =>
      witness.refuse(await index.request(next, unasked.includes(witness) ? INDEX : INDEX + 1n)),
    ),
  );
  entry('all five', `404  ${[...new Set(reasons)].join('; ')}`, 8);
  print();
  say('The log is frozen, and stays so through every restart, until the operator of a witness decides otherwise.');

  step(5, 'The evidence');
  const exhibit = await keepEvidence(network, last, index.key, folder);
  say(
    `All five hold evidence that verifies. Here it is as ${last.city} serves it to anybody, ${exhibit.bytes} bytes: the ` +
      'two checkpoints with the log’s signatures, nothing else.',
  );
  print();
  await tryExhibit(exhibit, index.key);
  const { words, stdout } = await tally(['evidence', 'show', exhibit.file]);
  print();
  command(words);
  quote(theCase(stdout));
  return exhibit;
}

/** What was printed already, and what is about trust, is left out. */
function theCase(shown: string): string {
  const lines = shown.split('\n');
  const from = lines.findIndex((line) => /^ +kind /.test(line));
  const to = lines.findIndex((line) => /^ +trust /.test(line));
  return ['  …', ...lines.slice(from, to), '  …'].join('\n');
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
