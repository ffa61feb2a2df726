import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fastify } from 'fastify';

/** The limit of reads: Fastify serves the same bytes from memory, under the same content types. */
const folder = process.env['FOLDER'] ?? '';
const files = new Map<string, Buffer>();
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile()) files.set(`/${relative(folder, path)}`, readFileSync(path));
}

const app = fastify();
app.get('/tile/*', (request, reply) => {
  const file = files.get(request.url);
  return file ? reply.header('content-type', 'application/octet-stream').send(file) : reply.status(404).send();
});
app.get('/checkpoint', (_request, reply) =>
  reply.header('content-type', 'text/plain; charset=utf-8').send(files.get('/checkpoint')),
);
await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' });
process.on('SIGTERM', () => process.exit());
