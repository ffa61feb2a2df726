/** A discovery document or a key set is a few KiB. */
const MAX_BYTES = 256 * 1024;

export interface MetadataRequest {
  readonly method: string;
  readonly headers: HeadersInit;
  readonly redirect: 'manual';
  readonly signal?: AbortSignal;
}

/** `fetch` for issuers' metadata: reads the answer to its end, and refuses one that is longer than such an answer ever is. */
export async function limitedFetch(
  url: string,
  { method, headers, redirect, signal }: MetadataRequest,
): Promise<Response> {
  const response = await fetch(url, { method, headers, redirect, signal });
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new RangeError(`${url} answers with more than ${MAX_BYTES} bytes`);
    chunks.push(new Uint8Array(chunk));
  }
  const bodiless = response.body === null || response.status === 204 || response.status === 304;
  return new Response(bodiless ? null : new Blob(chunks), response);
}
