import { Body, Controller, Get, Header, Param, Post } from '@nestjs/common';
import { EvidenceError, EVIDENCE_MAX_BYTES } from '#libs/evidence';
import { Observer as GossipObserver } from '#libs/gossip';
import { formatVerifierKey } from '#libs/note';
import { HttpError } from '#libs/server';
import { pathOf } from './sightings.js';

const FILE = /^([0-9a-f]{16})\.evidence$/;

/** What `/evidence` answers. */
export interface EvidenceList {
  readonly schema: 'tally/evidence-list/v1';
  readonly evidence: readonly {
    readonly path: string;
    readonly origin: string;
    /** The verifier key. */
    readonly accused: string;
    readonly role: 'log' | 'witness';
    readonly kind: string;
    readonly summary: string;
    readonly storedAt: string;
    /** False once the operator has said so. */
    readonly frozen: boolean;
  }[];
}

/** Evidence against configured keys: for everybody to fetch, and to be handed in by whoever found some. */
@Controller('evidence')
export class EvidenceController {
  constructor(private readonly observer: GossipObserver) {}

  @Get()
  @Header('cache-control', 'no-store')
  list(): EvidenceList {
    const evidence = this.observer.evidence.list().map((stored) => ({
      path: pathOf(stored),
      origin: stored.proven.origin,
      accused: formatVerifierKey(stored.proven.accused),
      role: stored.proven.role,
      kind: stored.proven.evidence.kind,
      summary: stored.proven.summary,
      storedAt: stored.storedAt.toISOString(),
      frozen: stored.frozen,
    }));
    return { schema: 'tally/evidence-list/v1', evidence };
  }

  @Get(':file')
  @Header('content-type', 'application/octet-stream')
  @Header('cache-control', 'no-cache')
  file(@Param('file') file: string): Buffer {
    const prefix = FILE.exec(file)?.[1];
    const stored = prefix && this.observer.evidence.list().find(({ id }) => id.startsWith(prefix));
    if (!stored) throw new HttpError(404, 'there is no such evidence here');
    return Buffer.from(stored.bytes);
  }

  @Post()
  @Header('content-type', 'text/plain; charset=utf-8')
  async take(@Body() body: unknown): Promise<string> {
    const bytes = body instanceof Uint8Array ? body : new Uint8Array(0);
    if (bytes.length > EVIDENCE_MAX_BYTES)
      throw new HttpError(413, `an evidence file has at most ${EVIDENCE_MAX_BYTES} bytes`);
    try {
      if (await this.observer.accept(bytes)) return 'it holds, and is kept\n';
    } catch (cause) {
      if (cause instanceof EvidenceError) throw new HttpError(422, cause.message, { cause });
      throw cause;
    }
    throw new HttpError(404, 'the key that it accuses is not known here');
  }
}
