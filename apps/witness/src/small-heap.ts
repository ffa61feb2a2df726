import { setFlagsFromString } from 'node:v8';

/*
 * What V8 takes on a machine with memory to spare: 64 MiB for what is young, and an old space that may double before it is
 * looked through, while each buffer and key that nobody needs keeps as much outside of it. A request leaves next to nothing behind,
 * so a witness of forty thousand logs does with a fraction, for a few percent of the processor. No limit is set: only how much
 * more than what is alive there may be. To be imported before anything has made the heap grow. (How large the space for what is
 * young is from the beginning only Node's command line can say: bin/tally-witness.js does.)
 */
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--heap-growing-percent=20');
// How V8 looks through it, from now on. On the command line it would also mean 1 MiB for what is young.
setFlagsFromString('--optimize-for-size');
