import { PENALTY, type PeerBook } from './peer-book.js';

export type Misconduct = keyof typeof PENALTY;

/** Notes what peers do wrong, and cuts off at once whoever is at the limit: a round of the supervisor is long for a flood. */
export class Conduct {
  constructor(
    private readonly book: PeerBook,
    private readonly cutOff: (peer: string, why: string) => void,
  ) {}

  note(peer: string, misconduct: Misconduct): void {
    // A stall may be the network's fault, or our own; a witness isn't lost for that.
    if (this.book.isDenied(peer) || (misconduct === 'stalled' && this.book.isReserved(peer))) return;
    if (this.book.penalise(peer, PENALTY[misconduct])) this.cutOff(peer, misconduct);
  }
}
