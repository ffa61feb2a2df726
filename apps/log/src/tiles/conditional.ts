/** The part of a file that a Range header asks for, inclusive; or that there is none. */
export type ByteRange = { readonly first: number; readonly last: number } | 'unsatisfiable';

/** RFC 9110 §13.1.2: whether a cache that names these tags has the one. The comparison is the weak one. */
export function matchesEtag(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch === etag || ifNoneMatch === '*') return true;
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}

/**
 * RFC 9110 §14.2: one range of bytes. Undefined where the whole is the answer: for a unit that isn't bytes, and for several
 * ranges, which nobody asks of a tile.
 */
export function parseRange(header: string, length: number): ByteRange | undefined {
  const set = /^bytes=(.*)$/i.exec(header)?.[1];
  if (set === undefined || set.includes(',')) return undefined;
  const [, from = '', to = ''] = /^\s*(\d{0,15})-(\d{0,15})\s*$/.exec(set) ?? [];
  if (from === '') {
    const suffix = Number(to);
    if (suffix === 0 || length === 0) return 'unsatisfiable'; // also `bytes=-`, and what doesn't parse
    return { first: Math.max(0, length - suffix), last: length - 1 };
  }
  const first = Number(from);
  const last = to === '' ? length - 1 : Math.min(Number(to), length - 1);
  return first >= length || first > last ? 'unsatisfiable' : { first, last };
}

/** RFC 9110 §12.5.3: whether an Accept-Encoding takes gzip. Without the header any coding may be sent: none is. */
export function acceptsGzip(acceptEncoding: string | string[] | undefined): boolean {
  if (acceptEncoding === undefined) return false;
  let any = false;
  for (const item of String(acceptEncoding).split(',')) {
    const [coding = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    const accepted = !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
    if (coding === 'gzip' || coding === 'x-gzip') return accepted;
    if (coding === '*') any = accepted;
  }
  return any;
}
