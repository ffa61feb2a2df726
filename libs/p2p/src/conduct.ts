import { PENALTY, type PeerBook } from './peer-book.js';

export type Misconduct = keyof typeof PENALTY;

/** Notes what peers do wrong, and cuts off at once whoever is at the limit: a round of the supervisor is long for a flood. */
export class Conduct {
  constructor(
    private readonly book: PeerBook,
    private readonly cutOff: (peer: string, why: string) => void,
  ) {}

  note(peer: string, misconduct: Misconduct): void {
    if (this.book.isDenied(peer)) return;
    if (this.book.penalise(peer, PENALTY[misconduct])) this.cutOff(peer, misconduct);
  }
}
