import { runMain } from '#libs/server';
import { execute } from './commands.js';
import { witnessService } from './witness.module.js';

const config = await execute(process.argv.slice(2), process.env);
if (config) await runMain(() => witnessService(config));
