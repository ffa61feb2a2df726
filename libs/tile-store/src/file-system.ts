/**
 * What durable writing needs of a file system, so that tests can stand in for one that fails or loses its power. Errors
 * are those of the system, with its codes (ENOSPC, EIO, EEXIST).
 */
export abstract class FileSystem {
  /**
   * Makes or replaces a file. With `sync` its bytes are on the disk when it resolves; its name is not yet.
   * @param mode the permissions of a new file
   */
  abstract write(
    path: string,
    bytes: Uint8Array,
    options: { readonly sync: boolean; readonly mode: number },
  ): Promise<void>;

  /** The bytes of a file; undefined when there is none, `too-large` when it has more than `maxBytes`. */
  abstract read(path: string, maxBytes: number): Promise<Uint8Array | 'too-large' | undefined>;

  /** Gives a file another name, whatever had that name before. */
  abstract rename(from: string, to: string): Promise<void>;

  /** Gives a file a second name, which nothing may have (EEXIST). */
  abstract link(from: string, to: string): Promise<void>;

  /** Removes a file, or a directory with all that is in it; neither has to be there. */
  abstract remove(path: string): Promise<void>;

  /** Makes a directory and those above it. The first that had to be made; undefined when it was there. */
  abstract makeDirectory(path: string): Promise<string | undefined>;

  /** Makes the names in a directory durable. */
  abstract syncDirectory(path: string): Promise<void>;
}
