import { runMain } from '#libs/server';
import { caService } from './ca.module.js';
import { loadConfig } from './config.js';

await runMain((env) => caService(loadConfig(env)));
