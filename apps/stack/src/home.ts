import { randomInt } from 'node:crypto';
import { chmod, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { utf8Encode } from '#libs/crypto';
import { replaceFile } from '#libs/tile-store';
import { z } from 'zod';
import { LOCK_FILE } from './lock.js';
import { HOME_FOLDERS } from './paths.js';
import { readIfThere } from './read-if-there.js';
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
  /** Whether this is the first start (or an earlier one was cut off before it had made everything). */
  readonly isNew: boolean;
}

/**
 * Reads what names the stack in this home, or makes it up at the first start; then `sealHome` keeps it. Call it under the
 * lock of the home. @throws StackError
 */
export async function openHome(path: string): Promise<Home> {
  for (const folder of HOME_FOLDERS) await mkdir(join(path, folder), { recursive: true, mode: 0o700 });
  const file = sealPath(path);
  const text = await readIfThere(file);
  if (text !== undefined) {
    const { label, createdAt } = parse(file, text);
    return { path, label, createdAt: new Date(createdAt), isNew: false };
  }
  const label = Array.from({ length: LABEL_LENGTH }, () => LABEL_ALPHABET[randomInt(LABEL_ALPHABET.length)]).join('');
  const createdAt = new Date(Math.floor(Date.now() / 1000) * 1000);
  return { path, label, createdAt, isNew: true };
}

/** The last act of the first start: from now on a missing key is an error, and not made anew. */
export async function sealHome({ path, label, createdAt }: Home): Promise<void> {
  await replaceFile(sealPath(path), utf8Encode(`${JSON.stringify({ label, createdAt: createdAt.toISOString() })}\n`));
}

function sealPath(home: string): string {
  return join(home, 'stack.json');
}

/**
 * Makes the folder when it is not there; nobody but the owner may look into it. A folder that is there
 * is taken when it is empty or the home of a stack, and never when it is something else.
 * @throws StackError
 */
export async function makeHome(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const names = await readdir(path);
    if (names.length > 0 && !names.includes(LOCK_FILE)) {
      throw new StackError('it holds files already, and they are not those of a stack');
    }
    await chmod(path, 0o700);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new StackError(`cannot use ${path} as TALLY_HOME: ${code === 'EEXIST' ? 'it is a file' : message}`, {
      cause,
    });
  }
}

function parse(file: string, text: string): z.infer<typeof deploymentFile> {
  try {
    return deploymentFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new StackError(`${file} is damaged: it should hold the label of the stack and when it was made`, { cause });
  }
}
