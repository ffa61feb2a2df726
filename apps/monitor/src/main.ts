import { runMain } from '#libs/server';
import { execute } from './commands.js';
import { monitorService } from './monitor.module.js';

const config = await execute(process.argv.slice(2), process.env);
if (config) await runMain(() => monitorService(config));
