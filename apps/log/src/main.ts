if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(`the log needs Node 24 or newer, this is ${process.versions.node}\n`);
  process.exit(2);
}
const { runMain } = await import('#libs/server');
const { loadConfig } = await import('./config.js');
const { logService } = await import('./log.module.js');

await runMain((env) => logService(loadConfig(env)));
