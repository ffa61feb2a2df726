import { runMain } from '#libs/server';
import { loadConfig } from './config.js';
import { createKey } from './create-key.js';
import { witnessService } from './witness.module.js';

if (process.argv[2] === 'create-key') await createKey(process.env);
else await runMain((env) => witnessService(loadConfig(env)));
