const NEEDED_NODE = 24;

// Before anything else is imported: an older Node fails somewhere inside a library, and says nothing that helps.
const node = Number(process.versions.node.split('.')[0]);
if (node < NEEDED_NODE) {
  process.stderr.write(
    `this needs Node ${NEEDED_NODE}, and it runs on ${process.version}: start it with "npm start", which uses the Node that "npm install" brought\n`,
  );
  process.exit(1);
}
const { run } = await import('./run.js');
await run();
