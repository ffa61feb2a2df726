import { utf8Encode } from '#libs/crypto';
import { isSameKey, parseNote } from '#libs/note';
import { evaluatePolicy, type TlogPolicy } from '#libs/tlog';

/** What one witness of a policy has to say about a checkpoint. */
export interface WitnessState {
  /** As the policy calls it. */
  readonly name: string;
  readonly keyName: string;
  /** `invalid`: there is a line of its key, and it does not verify; it counts as if it were not there. */
  readonly state: 'cosigned' | 'not-cosigned' | 'invalid';
  /** Of a cosignature that verifies: POSIX time in seconds, by the witness's clock. */
  readonly timestamp?: bigint;
}

/** How a checkpoint stands under a policy: C2SP tlog-policy. */
export interface QuorumVerdict {
  /** The policy speaks of the log, and enough of its witnesses cosigned. */
  readonly met: boolean;
  /** Why it is not met even if every witness cosigned: the policy names logs, and this one is not among them. */
  readonly otherLog: boolean;
  /** What the policy asks for, in words: `2 of w1, w2, w3`. */
  readonly demand: string;
  /** All of the policy, in its order. */
  readonly witnesses: readonly WitnessState[];
}

/**
 * Judges a checkpoint (a signed note, whose log signature is verified elsewhere) by a policy; undefined is a bundle that has
 * none, which nobody can have cosigned. A policy that names no log speaks of every log.
 * @throws NoteError, TlogError when the checkpoint is malformed
 */
export function judgeQuorum(policy: TlogPolicy, checkpoint: string | Uint8Array | undefined): QuorumVerdict {
  const demand = quorumDemand(policy);
  const absent = (): WitnessState[] =>
    policy.witnesses.map(({ name, key }) => ({ name, keyName: key.name, state: 'not-cosigned' }));
  if (checkpoint === undefined) {
    // A policy that asks nobody else still asks for the signature of one of its logs, if it names any.
    const asksNobody = policy.quorum === 'none';
    const otherLog = asksNobody && policy.logs.length > 0;
    return { met: asksNobody && !otherLog, otherLog, demand, witnesses: absent() };
  }
  const note = parseNote(typeof checkpoint === 'string' ? utf8Encode(checkpoint) : checkpoint);
  const { log, witnesses: verified, quorum } = evaluatePolicy(policy, note);
  const otherLog = policy.logs.length > 0 && log === undefined;
  const witnesses = policy.witnesses.map(({ name, key }): WitnessState => {
    const found = verified.find((witness) => witness.name === name);
    if (found) return { name, keyName: key.name, state: 'cosigned', timestamp: found.timestamp };
    const tried = note.signatures.some((line) => isSameKey(line, { name: key.name, keyId: key.id }));
    return { name, keyName: key.name, state: tried ? 'invalid' : 'not-cosigned' };
  });
  return { met: quorum && !otherLog, otherLog, demand, witnesses };
}

/** The quorum in words, groups in groups in parentheses: `2 of w1, w2, (1 of w3, w4)`. */
export function quorumDemand({ groups, quorum }: TlogPolicy): string {
  const words = new Map<string, string>();
  // Groups refer backwards only, so that one pass in order finds words for all of them.
  for (const { name, threshold, members } of groups) {
    const listed = members.map((member) => (words.has(member) ? `(${words.get(member)})` : member));
    words.set(name, `${threshold} of ${listed.join(', ')}`);
  }
  return words.get(quorum) ?? quorum;
}

/** One line: `the policy asks for 2 of 2: w1 ✓ 2026-11-22 05:10:11 UTC · w2 ✗ not cosigned`. */
export function quorumSummary(verdict: QuorumVerdict): string {
  const { witnesses, otherLog } = verdict;
  const states = witnesses.map((witness) => `${witness.name} ${witnessSummary(witness)}`).join(' · ');
  const lead = otherLog ? 'the policy does not name this log' : `the policy asks for ${quorumInShort(verdict)}`;
  return states === '' ? lead : `${lead}: ${states}`;
}

/** The demand beside a list of the witnesses: `2 of 3` where it names just all of them. */
export function quorumInShort({ demand, witnesses }: QuorumVerdict): string {
  const all = ` of ${witnesses.map(({ name }) => name).join(', ')}`;
  return demand.endsWith(all) ? `${demand.slice(0, -all.length)} of ${witnesses.length}` : demand;
}

/** `✓ 2026-11-22 05:10:11 UTC`, `✗ not cosigned`, `✗ its cosignature does not verify`. */
export function witnessSummary({ state, timestamp }: WitnessState): string {
  if (state === 'cosigned') return `✓ ${shownTime(timestamp ?? 0n)}`;
  return state === 'invalid' ? '✗ its cosignature does not verify' : '✗ not cosigned';
}

/** A witness may have put any number up to 2^63 - 1 there, which is no date. */
function shownTime(posixSeconds: bigint): string {
  const date = new Date(Number(posixSeconds) * 1000);
  if (Number.isNaN(date.getTime())) return `at ${posixSeconds} s`;
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
