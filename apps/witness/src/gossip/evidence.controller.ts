import { Body, Controller, Get, Header, Param, Post } from '@nestjs/common';
import { EvidenceError, EVIDENCE_MAX_BYTES } from '#libs/evidence';
import { Observer as GossipObserver, evidenceList, evidenceOfFile, type EvidenceList } from '#libs/gossip';
import { HttpError } from '#libs/server';

/** Evidence against configured keys: for everybody to fetch, and to be handed in by whoever found some. */
@Controller('evidence')
export class EvidenceController {
  constructor(private readonly observer: GossipObserver) {}

  @Get()
  @Header('cache-control', 'no-store')
  list(): EvidenceList {
    return evidenceList(this.observer.evidence);
  }

  @Get(':file')
  @Header('content-type', 'application/octet-stream')
  @Header('cache-control', 'no-cache')
  file(@Param('file') file: string): Buffer {
    const stored = evidenceOfFile(this.observer.evidence, file);
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
