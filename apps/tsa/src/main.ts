import { runMain } from '#libs/server';
import { loadConfig } from './config.js';
import { tsaService } from './tsa.module.js';

await runMain((env) => tsaService(loadConfig(env)));
