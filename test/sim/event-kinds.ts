// What happens. Constants of the module, because an event is too short to look a name up.
/** A node sees the head of the log. */
export const LOOK = 0;
/** A message is there … */
export const RECEIVE = 1;
/** … and a processor has taken it. */
export const HANDLE = 2;
/** The timer of anti-entropy. */
export const SYNC = 3;
/** Both ends have compared. */
export const EXCHANGE = 4;
/** The timer of the pull … */
export const PULL = 5;
/** … and an answer to it. */
export const TAKE = 6;
/** A fetch of tiles has ended … */
export const TILES = 7;
/** … and is tried again; the event's `peer` is for how long the tiles were waited for. */
export const RETRY = 8;
/** A node goes … */
export const LEAVE = 9;
/** … and comes back. */
export const RETURN = 10;
/** An operator, with all its nodes, is back. */
export const RECOVER = 11;
/** An open link ends. */
export const REDIAL = 12;

export const NOBODY = -1;
