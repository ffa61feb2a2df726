import { runMain } from '#libs/server';
import { loadConfig } from './config.js';
import { witnessService } from './witness.module.js';

await runMain((env) => witnessService(loadConfig(env)));
