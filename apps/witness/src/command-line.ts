import { configUsage, type Commands } from '#libs/server';
import { CONFIG_WORDS } from './config-words.js';

const ORIGIN = 'the origin of a log';

/** `create-key` is the older name of `init`. */
export const COMMANDS = {
  run: null,
  init: null,
  'create-key': null,
  keys: null,
  adopt: ORIGIN,
  unfreeze: ORIGIN,
  help: null,
} as const satisfies Commands;

export const HELP = `tally-witness: cosigns the checkpoints of transparency logs, each only if it extends the one before.

Usage: tally-witness [command] [--config FILE]

Commands:
  run             start the witness (the default)
  init            make the keys if there are none, print the verifier keys, and end
  keys            print the verifier keys
  adopt ORIGIN    after a restored backup: take the newest cosigned checkpoint that was found as the record of this log;
                  while the witness is stopped
  unfreeze ORIGIN cosign a log again that was caught with two histories; its evidence is kept; while the witness is stopped
  help            print this

Options:
  -c, --config FILE   settings, one a line (also: TALLY_WITNESS_CONFIG)
  -h, --help          print this

The first witness, in an empty directory:
  TALLY_WITNESS_NAME=witness.example.org/w1 tally-witness
It makes its keys and its data in ./tally-witness-data, listens on 127.0.0.1:7106, and shows how it is on that address.

The lines of the config file:
${configUsage(CONFIG_WORDS)}

Every setting can also come from the environment (TALLY_WITNESS_NAME, …), which wins. apps/witness/README.md has them all.
`;
