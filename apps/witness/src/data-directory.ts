import { join } from 'node:path';

/** What is where in the data directory. */
export function eventStorePath(directory: string): string {
  return join(directory, 'events.sqlite');
}

/** The last good copy of each list that comes from an URL, and what it has added up to. */
export function listsPath(directory: string): string {
  return join(directory, 'lists');
}

/** The evidence files. */
export function evidencePath(directory: string): string {
  return join(directory, 'evidence');
}
