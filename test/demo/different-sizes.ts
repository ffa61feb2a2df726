import { evaluatePolicy, parseTlogProof } from '#libs/tlog';
import { Watch } from './detection.js';
import { keepEvidence, tryExhibit, type Exhibit } from './exhibit.js';
import type { Network } from './network.js';
import type { PackageIndex, Showing } from './package-index.js';
import { PackageManager } from './package-manager.js';
import { entry, print, say, step } from './page.js';
import { EARLIER, GENUINE, LATER, MALICIOUS } from './releases.js';

const INDEX = BigInt(EARLIER.length);

/** Two trees of different sizes: only the tiles of the larger one show that the smaller one is no part of it. */
export async function actDifferentSizes(
  network: Network,
  index: PackageIndex,
  common: Showing,
  folder: string,
): Promise<Exhibit> {
  const origin = index.key.name;
  step(6, 'A more careful liar');
  say(
    `Another log, ${origin}, lies better. Its two trees never have the same size, so that nobody can tell from two ` +
      'checkpoints that they contradict each other. And its victims demand a cosignature by now: one witness out of five. ' +
      'So it asks only Perth about Bob’s tree, and the others about Alice’s.',
  );
  print();
  const policy = network.policy(index, 1);
  const alice = await index.publish('a', GENUINE, ...LATER);
  const asked = await index.request(alice, INDEX);
  const seen = await Promise.all(network.of('Oslo', 'Lima', 'Kyoto', 'Accra').map((witness) => witness.cosign(asked)));
  const forAlice = await index.deliver(GENUINE, INDEX, alice, seen.flat());
  await new PackageManager(policy, common.checkpoint).verify(forAlice);
  entry(
    'Alice',
    `✓ installs: a tree of ${alice.checkpoint.size}, cosigned by ${whoCosigned(network, index, forAlice.proof)}`,
    6,
  );

  const bob = await index.publish('b', MALICIOUS);
  const request = await index.request(bob, INDEX);
  const watch = await Watch.begin(network, origin);
  const sinceMs = Date.now();
  const lines = await Promise.all(network.of('Perth').map((witness) => witness.cosign(request)));
  const forBob = await index.deliver(MALICIOUS, INDEX, bob, lines.flat());
  await new PackageManager(policy, common.checkpoint).verify(forBob);
  entry(
    'Bob',
    `✓ installs: a tree of ${bob.checkpoint.size}, cosigned by ${whoCosigned(network, index, forBob.proof)}`,
    6,
  );
  print();
  const last = await watch.report(
    sinceMs,
    'the log asks Perth for its cosignature on Bob’s tree, and gets it',
    `read the tiles of the tree of ${alice.checkpoint.size}: at ${bob.checkpoint.size} it has another root than Bob’s`,
  );
  if (evaluatePolicy(network.policy(index, 3), parseTlogProof(forBob.proof).checkpoint).quorum)
    throw new Error('Bob’s tree should not have the cosignatures of three');
  print();
  say(
    'Perth did nothing wrong: it saw one history only. It is frozen there too now. Had Bob demanded three of the five, he ' +
      'would not have installed at all: two histories can’t both have three.',
  );
  print();
  const exhibit = await keepEvidence(network, last, index.key, folder);
  say(
    `The evidence, ${exhibit.bytes} bytes: both checkpoints, the root that the larger tree really has at the smaller size, ` +
      'and the consistency proof for it, made from the tiles of the log itself.',
  );
  print();
  await tryExhibit(exhibit, index.key);
  return exhibit;
}

function whoCosigned(network: Network, index: PackageIndex, proof: Uint8Array): string {
  const { witnesses } = evaluatePolicy(network.policy(index, 1), parseTlogProof(proof).checkpoint);
  const names = witnesses.map(({ name }) => name);
  return names.length === 1 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
