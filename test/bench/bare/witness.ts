import { fdatasyncSync, openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';

/** What a witness can't do without: it reads a request, has it on the disk, and answers. */
const file = openSync(process.env['FILE'] ?? '', 'w');
const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    writeSync(file, Buffer.concat(parts));
    fdatasyncSync(file);
    response.setHeader('content-length', 2).end('ok');
  });
});
server.listen(Number(process.env['PORT']), '127.0.0.1');
process.on('SIGTERM', () => process.exit());
