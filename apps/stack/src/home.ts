import { randomInt } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, writeDurably } from './durable-file.js';
import { StackError } from './stack-error.js';

/** Told apart by eye and by mouth; a label is no secret, it only keeps two stacks from having the same names. */
const LABEL_ALPHABET = 'bcdfghjkmnpqrstvwxz23456789';
const LABEL_LENGTH = 8;

const deploymentFile = z.strictObject({
  label: z.string().regex(/^[a-z0-9]{4,20}$/),
  createdAt: z.iso.datetime(),
});

/** The folder that a stack keeps everything in, and what names the stack. */
export interface Home {
  readonly path: string;
  /** Random, made at the first start, kept: part of every origin. */
  readonly label: string;
  /** The first start: from when on its keys are good. */
  readonly createdAt: Date;
  /** Whether this is the first start. */
  readonly isNew: boolean;
}

/** Opens the home, mode 0700, and gives it a label when it has none. Call it under the lock of the home. */
export async function openHome(path: string): Promise<Home> {
  const file = join(path, 'stack.json');
  const text = await readIfThere(file);
  if (text !== undefined) {
    const { label, createdAt } = parse(file, text);
    return { path, label, createdAt: new Date(createdAt), isNew: false };
  }
  const label = Array.from({ length: LABEL_LENGTH }, () => LABEL_ALPHABET[randomInt(LABEL_ALPHABET.length)]).join('');
  const createdAt = new Date(Math.floor(Date.now() / 1000) * 1000);
  await writeDurably(file, `${JSON.stringify({ label, createdAt: createdAt.toISOString() })}\n`);
  return { path, label, createdAt, isNew: true };
}

/** Makes the folder when it is not there; nobody but its owner may look into it. */
export async function makeHome(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
  } catch (cause) {
    throw new StackError(`cannot use ${path} as TALLY_HOME: ${(cause as Error).message}`, { cause });
  }
}

function parse(file: string, text: string): z.infer<typeof deploymentFile> {
  try {
    return deploymentFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new StackError(`${file} is damaged: it should hold the label of the stack and when it was made`, { cause });
  }
}
