import { CodedError } from '#libs/crypto';

/** `malformed`: it can't be read. `refused`: it asks for what isn't done here. */
export type QueryErrorCode = 'malformed' | 'refused' | 'unsupported-media-type';

/** A query that gets an HTTP error, and no answer of RFC 3161. */
export class QueryError extends CodedError<QueryErrorCode> {}
