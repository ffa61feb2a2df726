import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { Heads } from '../cosigning/heads.js';

/** The checkpoint that was cosigned last for an origin, as a signed note; undefined if there is none. */
export class GetCheckpoint extends Query<Uint8Array | undefined> {
  constructor(readonly originHash: string) {
    super();
  }
}

@QueryHandler(GetCheckpoint)
export class GetCheckpointHandler implements IQueryHandler<GetCheckpoint> {
  constructor(private readonly heads: Heads) {}

  async execute({ originHash }: GetCheckpoint): Promise<Uint8Array | undefined> {
    return (await this.heads.load(originHash)).cosigned?.note;
  }
}
