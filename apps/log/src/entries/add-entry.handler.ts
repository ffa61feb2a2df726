import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { admit, parseAddEntryRequest } from '#libs/entry';
import type { TlogEntry } from '#libs/verify';
import { Log } from '../log.js';
import { Admissions } from './admissions.js';
import { loggedEntry } from './logged-entry.js';

/** Rekor's CreateEntry: the parsed JSON of a hashedRekordRequestV002 or dsseRequestV002. */
export class AddEntry extends Command<TlogEntry> {
  constructor(readonly request: unknown) {
    super();
  }
}

@CommandHandler(AddEntry)
export class AddEntryHandler implements ICommandHandler<AddEntry> {
  constructor(
    private readonly log: Log<Uint8Array>,
    private readonly admissions: Admissions,
  ) {}

  /** @throws EntryError, LogError */
  async execute({ request }: AddEntry): Promise<TlogEntry> {
    const { body } = await this.admissions.run(() => admit(parseAddEntryRequest(request)));
    const { index } = await this.log.add(body, body.length);
    const checkpoint = await this.log.published(index);
    const hashes = await this.log.proveInclusion(index, checkpoint.size);
    return loggedEntry({ logId: this.log.logId, index, body, checkpoint, hashes });
  }
}
