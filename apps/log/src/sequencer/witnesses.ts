import { setTimeout as delay } from 'node:timers/promises';
import { ServiceError } from '#libs/client';
import { formatNote, parseNote, type Note, type NoteSignature } from '#libs/note';
import { cosignatureVerifier, isQuorum, type TlogPolicy } from '#libs/tlog';
import type { Logger } from 'pino';
import type { CheckpointSigned } from '../events.js';
import type { LogMetrics } from '../metrics.js';
import type { WitnessLink } from '../witness-links.js';

/** A witness that takes longer is left out of this checkpoint. */
const WITNESS_TIMEOUT_MS = 3_000;
/** Once the quorum is there, the others get this long to be named too. */
const STRAGGLER_MS = 10;
/** A size that we believed wrong is learned from the first answer; more than that is a witness that can't be satisfied. */
const ATTEMPTS = 3;

/** The consistency proof from an older size of the log to the size of the checkpoint. */
export type ProveFrom = (oldSize: bigint, size: bigint) => Promise<readonly Uint8Array[]>;

/** One witness as the log knows it: at most one request is under way to it. */
class Witness {
  #known = 0n;
  #busy = false;
  /** A witness that failed last time isn't waited for once the quorum is there. */
  #failed = false;
  readonly #verifier;

  constructor(
    private readonly link: WitnessLink,
    private readonly logger: Logger,
  ) {
    this.#verifier = cosignatureVerifier(link.witness.key);
  }

  get name(): string {
    return this.link.name;
  }

  get failed(): boolean {
    return this.#failed;
  }

  /** Its verified cosignature; undefined when it gave none. */
  async cosign(size: bigint, note: Note, prove: ProveFrom, signal: AbortSignal): Promise<NoteSignature | undefined> {
    if (this.#busy) return undefined;
    this.#busy = true;
    try {
      const cosignature = await this.#ask(size, note, prove, signal);
      this.#failed = cosignature === undefined;
      return cosignature;
    } catch (error) {
      if (signal.aborted) return undefined; // the log shuts down
      this.#failed = true;
      if (!(error instanceof ServiceError)) throw error;
      this.logger.warn({ witness: this.name, code: error.code, status: error.status }, 'a witness did not answer');
      return undefined;
    } finally {
      this.#busy = false;
    }
  }

  async #ask(size: bigint, note: Note, prove: ProveFrom, signal: AbortSignal): Promise<NoteSignature | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const request = { oldSize: this.#known, proof: await prove(this.#known, size), checkpoint: formatNote(note) };
      const answer = await this.link.addCheckpoint(request, { signal, timeoutMs: WITNESS_TIMEOUT_MS });
      switch (answer.kind) {
        case 'cosigned': {
          this.#known = size;
          const { name, keyId } = this.#verifier;
          const own = answer.lines.find(
            (line) => line.name === name && line.keyId.every((byte, i) => byte === keyId[i]),
          );
          if (own && this.#verifier.verify(note.text, own.signature)) return own;
          this.logger.warn({ witness: this.name }, 'a witness answered without a valid cosignature of its key');
          return undefined;
        }
        case 'conflict':
          if (answer.size > size) {
            this.logger.warn(
              { witness: this.name, size: String(answer.size) },
              'a witness knows a larger tree than ours',
            );
            return undefined;
          }
          this.#known = answer.size;
          break;
        case 'refused':
          this.logger.warn({ witness: this.name, status: answer.status }, 'a witness refused the checkpoint');
          return undefined;
      }
    }
    return undefined;
  }
}

/** The witnesses of a tlog-policy, and its quorum. */
export class Witnesses {
  readonly #witnesses: readonly Witness[];

  constructor(
    private readonly policy: TlogPolicy,
    links: readonly WitnessLink[],
    private readonly prove: ProveFrom,
    private readonly metrics: LogMetrics,
    logger: Logger,
  ) {
    this.#witnesses = links.map((link) => new Witness(link, logger));
  }

  /** Cosignatures that make the quorum; undefined when they could not be had. Nobody is waited for much longer than that takes. */
  async cosign(signed: CheckpointSigned, signal: AbortSignal): Promise<readonly NoteSignature[] | undefined> {
    const collected = new Map<string, NoteSignature>();
    const hasQuorum = (): boolean => isQuorum(this.policy, collected.keys());
    let reached: () => void = () => undefined;
    const quorum = new Promise<void>((resolve) => (reached = resolve));
    const { everybody, healthy } = this.#ask(signed, signal, (witness, cosignature) => {
      collected.set(witness, cosignature);
      if (hasQuorum()) reached();
    });
    if (hasQuorum()) reached();
    await Promise.race([everybody, quorum.then(() => Promise.race([healthy, delay(STRAGGLER_MS)]))]);
    return hasQuorum() ? [...collected.values()] : undefined;
  }

  /**
   * The cosignatures of all that answer; whoever failed last time is waited for only if all did. Complete: all were asked
   * and gave theirs.
   */
  async collect(
    signed: CheckpointSigned,
    signal: AbortSignal,
  ): Promise<{ readonly cosignatures: readonly NoteSignature[]; readonly complete: boolean }> {
    const collected = new Map<string, NoteSignature>();
    const { everybody, healthy } = this.#ask(signed, signal, (witness, cosignature) =>
      collected.set(witness, cosignature),
    );
    await healthy;
    if (collected.size === 0) await everybody;
    return { cosignatures: [...collected.values()], complete: collected.size === this.#witnesses.length };
  }

  /** Asks all at once; `got` is called with what is verified by the witness's key. */
  #ask(
    signed: CheckpointSigned,
    signal: AbortSignal,
    got: (witness: string, cosignature: NoteSignature) => void,
  ): { readonly everybody: Promise<unknown>; readonly healthy: Promise<unknown> } {
    const note = parseNote(signed.note);
    const ask = async (witness: Witness): Promise<void> => {
      const cosignature = await witness.cosign(signed.size, note, this.prove, signal);
      this.metrics.cosignatures.inc({ witness: witness.name, outcome: cosignature ? 'cosigned' : 'none' });
      if (cosignature) got(witness.name, cosignature);
    };
    const asked = this.#witnesses.map((witness) => ({ wasHealthy: !witness.failed, done: ask(witness) }));
    const everybody = Promise.all(asked.map(({ done }) => done));
    const healthy = Promise.all(asked.filter(({ wasHealthy }) => wasHealthy).map(({ done }) => done));
    healthy.catch(() => undefined); // it fails only when everybody does, and that is seen
    return { everybody, healthy };
  }
}
