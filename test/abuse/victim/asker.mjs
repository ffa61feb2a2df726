// A client in a process of its own, so that nobody else's work is in its latencies: asks what its parent wants asked.
import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

process.on('message', ({ url, body }) => {
  const asked = performance.now();
  const tell = (answer) => process.send({ ms: performance.now() - asked, ...answer });
  const asking = request(url, { method: 'POST', agent, timeout: 90_000 }, (answer) => {
    const chunks = [];
    answer.on('data', (chunk) => chunks.push(chunk));
    answer.on('end', () => tell({ status: answer.statusCode, body: Buffer.concat(chunks).toString() }));
    answer.on('error', () => tell({ status: 0, body: '' }));
  });
  asking.on('error', () => tell({ status: 0, body: '' }));
  asking.on('timeout', () => asking.destroy());
  asking.end(body);
});
process.on('disconnect', () => process.exit());
