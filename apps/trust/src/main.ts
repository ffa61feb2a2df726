import { runMain } from '#libs/server';
import { loadConfig } from './config.js';
import { trustService } from './trust.module.js';

await runMain((env) => trustService(loadConfig(env)));
