import { configUsage, type Commands } from '#libs/server';
import { CONFIG_WORDS } from './config-words.js';

export const COMMANDS = {
  run: null,
  check: null,
  acknowledge: 'the ID of an evidence (/evidence lists them)',
  help: null,
} as const satisfies Commands;

export const HELP = `tally-monitor: follows transparency logs, their mirrors and the gossip of witnesses, and alarms when they don't tally.

Usage: tally-monitor [command] [--config FILE]

Commands:
  run               start the monitor (the default)
  check             read the settings, say what would be followed, and end
  acknowledge ID    end the alarm about an evidence, which stays; while the monitor is stopped
  help              print this

Options:
  -c, --config FILE   settings, one a line (also: TALLY_MONITOR_CONFIG)
  -h, --help          print this

The first monitor, in an empty directory:
  TALLY_MONITOR_LOGS='<vkey> <url>' tally-monitor
It keeps its data in ./tally-monitor-data, listens on 127.0.0.1:7109, and shows how the log is on that address.

The lines of the config file:
${configUsage(CONFIG_WORDS)}

Every setting can also come from the environment (TALLY_MONITOR_NAME, …), which wins. apps/monitor/README.md has them all.
`;
