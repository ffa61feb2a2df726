import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { toHex } from '#crypto';
import { utf8Encode } from '#libs/crypto';
import { hashLeaf } from '#libs/merkle';
import { formatNote, parseNote, parseSignatureLines, signNote, type NoteSigner, type VerifierKey } from '#libs/note';
import {
  cosignatureVerifier,
  formatAddCheckpointRequest,
  formatCheckpoint,
  parseCheckpoint,
  parseCosignature,
  witnessCheckpointPath,
  type Checkpoint,
} from '#libs/tlog';
import { Branch, History } from './history.js';
import { OriginRecord, type Finding } from './origin-record.js';
import { RawConnection, type Answer } from './raw-connection.js';

/** Requests that race each other are on connections of their own. */
const CONNECTIONS = 3;
const PAUSE_MS = 200;
const LEAVES_MAX = 4;
/** Before it lies for the first time, a log has been honest at most so often. */
const HONEST_AT_FIRST = 4;

const pick = (below: number): number => Math.floor(Math.random() * below);
const newLeaves = (count: number = 1 + pick(LEAVES_MAX)): Uint8Array[] =>
  Array.from({ length: count }, () => hashLeaf(randomBytes(16)));

/** A log's key, and, if the log is honest, the only history that it has. */
export interface DrivenLog {
  readonly signer: NoteSigner;
  readonly honest: History | undefined;
}

/** What the witness that is asked has to do with it. */
export interface AskedWitness {
  readonly name: string;
  readonly key: VerifierKey;
  readonly port: number;
  /** Whether it listens; resolves to false when it has died before it did. */
  listening(): Promise<boolean>;
  /** Trees that exclude each other are under way to it. */
  racing(): void;
}

/**
 * One log, as it behaves towards one witness: it brings ever larger trees, and, if it is not honest, several at once that
 * exclude each other, and smaller ones, and others than those that the witness has. Whatever comes back is on record.
 */
export class FollowedOrigin {
  readonly record: OriginRecord;
  /** The history that the witness has gone along with, as far as it has told. */
  #history = new History();
  /** What the witness may have cosigned since, without our having heard of it. */
  #open: Branch[] = [];
  readonly #connections: readonly RawConnection[];
  readonly #verifier;
  #running = true;
  #honestRounds = pick(HONEST_AT_FIRST);
  /** The witness has found the log guilty, and answers as if it did not know it. */
  frozen = false;
  /** Answers that came only in part, by a death in the middle of them; and answers of statuses that nothing accounts for. */
  cut = 0;
  readonly unexpected: string[] = [];

  constructor(
    private readonly witness: AskedWitness,
    private readonly log: DrivenLog,
  ) {
    this.record = new OriginRecord(witness.name, log.signer.key.name);
    this.#connections = Array.from({ length: CONNECTIONS }, () => new RawConnection(witness.port));
    this.#verifier = cosignatureVerifier(witness.key);
  }

  /** Goes on until `finish`, or until the witness has frozen the log. */
  async run(): Promise<void> {
    while (this.#running && !this.frozen) {
      if (await this.witness.listening())
        await (this.log.honest ? this.#growHonestly(this.log.honest) : this.#equivocate());
      await delay(pick(PAUSE_MS));
    }
    for (const connection of this.#connections) connection.close();
  }

  finish(): void {
    this.#running = false;
  }

  /** At the end, with nothing under way: what was still open is settled by what monitors are shown. */
  async settle(connection: RawConnection): Promise<void> {
    await this.#catchUp(connection);
  }

  /** Reads what monitors are shown, and puts it on record. Undefined when there was no whole answer. */
  async look(connection: RawConnection): Promise<Checkpoint | 'none' | undefined> {
    const { status, body, complete, sentAt, at } = await connection.get(`/${witnessCheckpointPath(this.#origin)}`);
    if (!complete) return undefined;
    if (status === 404) {
      this.record.add({ size: 0, sentAt, at, by: 'told' });
      return 'none';
    }
    if (status !== 200) return void this.unexpected.push(`${status} to a monitor: ${body}`);
    const note = parseNote(utf8Encode(body));
    const checkpoint = parseCheckpoint(note.text);
    const size = Number(checkpoint.size);
    const timestamp = this.#timestampOf(note.text, body.slice(body.lastIndexOf('\n\n') + 2));
    if (timestamp === undefined) this.unexpected.push(`a monitor was shown no cosignature: ${body}`);
    this.record.add({
      size,
      root: toHex(checkpoint.root),
      sentAt,
      at,
      by: 'shown',
      ...(timestamp !== undefined && { timestamp }),
    });
    return checkpoint;
  }

  findings(): Finding[] {
    return this.record.findings(this.#history.leaves);
  }

  get #origin(): string {
    return this.log.signer.key.name;
  }

  async #growHonestly(log: History): Promise<void> {
    const size = this.#history.size;
    if (pick(8) === 0 && size > 0) return this.#send([[size, this.#at(size)]]);
    if (log.size === size || pick(2) === 0) log.append(newLeaves());
    await this.#send([[size, new Branch(this.#history, size, log.leaves.slice(size))]]);
  }

  async #equivocate(): Promise<void> {
    const size = this.#history.size;
    const branch = (leaves: readonly Uint8Array[]): Branch => new Branch(this.#history, size, leaves);
    if (this.#honestRounds-- > 0) return this.#send([[size, branch(newLeaves())]]);
    const play = size === 0 ? 0 : pick(8);
    if (play < 3) {
      // Other trees of one size, at once.
      const count = 1 + pick(LEAVES_MAX);
      return this.#race(Array.from({ length: CONNECTIONS }, () => branch(newLeaves(count))));
    }
    if (play === 3) return this.#race([branch(newLeaves(1)), branch(newLeaves(2)), branch(newLeaves(3))]);
    if (play === 4) {
      // Two that agree with each other, and one that agrees with neither.
      const leaves = newLeaves(3);
      return this.#race([branch(leaves), branch(leaves.slice(0, 1)), branch(newLeaves(2))]);
    }
    const smaller = pick(size);
    const [older, beside] = [this.#at(smaller), new Branch(this.#history, smaller, newLeaves(size - smaller))];
    if (play === 5) {
      // Back: to a smaller tree of this history, by all the old sizes that it could go by.
      return this.#send([
        [size, older],
        [smaller, older],
        [0, older],
      ]);
    }
    const besideAndOn = new Branch(this.#history, smaller, newLeaves(size - smaller + 1));
    return this.#send([
      [size, beside], // the size that it has, with another root
      [size, besideAndOn], // a larger one, with the proof that this other tree has grown from itself
      [play === 6 ? smaller : 0, besideAndOn],
    ]);
  }

  #at(size: number): Branch {
    return new Branch(this.#history, size, []);
  }

  async #race(branches: readonly Branch[]): Promise<void> {
    this.witness.racing();
    const size = this.#history.size;
    await this.#send(branches.map((branch) => [size, branch]));
  }

  /** Sends them all at once, each on its connection, and then makes sure where the witness stands. */
  async #send(requests: readonly (readonly [oldSize: number, branch: Branch])[]): Promise<void> {
    const { size } = this.#history;
    const bodies = await Promise.all(requests.map(([oldSize, branch]) => this.#request(oldSize, branch)));
    this.#open.push(...requests.map(([, branch]) => branch).filter((branch) => branch.size > size));
    const told = await Promise.all(
      requests.map(async ([, branch], i) => {
        const connection = this.#connections[i];
        const body = bodies[i];
        return connection && body && this.#take(branch, await connection.post('/add-checkpoint', body));
      }),
    );
    if (told.every((known) => known === 'nothing new' || known === this.#history.size)) this.#open = [];
    else await this.#catchUp();
  }

  async #request(oldSize: number, branch: Branch): Promise<Uint8Array> {
    const proof = oldSize > 0 && oldSize < branch.size ? await branch.prove(oldSize) : [];
    const note = await signNote(formatCheckpoint(this.#checkpoint(branch)), [this.log.signer]);
    return formatAddCheckpointRequest({ oldSize: BigInt(oldSize), proof, checkpoint: formatNote(note) });
  }

  #checkpoint(branch: Branch): Checkpoint {
    return { origin: this.#origin, size: BigInt(branch.size), root: branch.root(), extensions: [] };
  }

  /** Puts an answer on record. What it says of the size that the witness has; undefined when that is open now. */
  #take(branch: Branch, { status, body, complete, sentAt, at }: Answer): number | 'nothing new' | undefined {
    if (!complete && status !== undefined) this.cut++;
    switch (status) {
      case 200: {
        // Whoever says 200 has cosigned, whatever of it came.
        const checkpoint = this.#checkpoint(branch);
        const timestamp = this.#timestampOf(formatCheckpoint(checkpoint), body);
        if (complete && timestamp === undefined) this.unexpected.push(`200 without a cosignature: ${body}`);
        this.record.add({
          size: branch.size,
          root: toHex(checkpoint.root),
          sentAt,
          at,
          by: 'cosigned',
          ...(timestamp !== undefined && { timestamp }),
        });
        this.#follow(branch);
        return branch.size;
      }
      case 409:
        if (!complete) return undefined;
        this.record.add({ size: Number(body), sentAt, at, by: 'told' });
        return Number(body);
      case 400:
      case 422:
        return 'nothing new';
      case 404:
        this.frozen = !this.log.honest;
        break;
      case undefined:
      case 429:
      case 503:
        return undefined;
    }
    if (complete && !this.frozen) this.unexpected.push(`${status} to a log: ${body}`);
    return undefined;
  }

  /** The time of our witness's cosignature among whole signature lines; undefined when it is not there, or does not verify. */
  #timestampOf(text: Uint8Array, lines: string): bigint | undefined {
    const whole = lines.slice(0, lines.lastIndexOf('\n') + 1);
    if (whole === '') return undefined;
    const { name, keyId, verify } = this.#verifier;
    const line = parseSignatureLines(whole).find(
      (found) => found.name === name && toHex(found.keyId) === toHex(keyId) && verify(text, found.signature),
    );
    return line && parseCosignature(line.signature).timestamp;
  }

  /** The witness has gone along with this tree. */
  #follow(branch: Branch): void {
    if (branch.forkAt === this.#history.size) this.#history.append(branch.leaves);
  }

  /** After a death, or a race that nobody has seen the end of: what does the witness have? */
  async #catchUp(connection = this.#connections[0]): Promise<void> {
    const shown = connection && (await this.look(connection));
    if (shown === undefined) return;
    const size = shown === 'none' ? 0 : Number(shown.size);
    const root = shown === 'none' ? undefined : toHex(shown.root);
    const open = this.#open.find((branch) => branch.size === size && toHex(branch.root()) === root);
    if (open) this.#follow(open);
    // It has forgotten something, which is on record by now: go on from there, with whatever excludes what was forgotten.
    if (size < this.#history.size) this.#history = new History(this.#history.leaves.slice(0, size));
    this.#open = [];
  }
}
