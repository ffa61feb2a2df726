// Loaded before the built program: answers its parent's questions about the heap.
process.on('message', () => {
  globalThis.gc();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  process.send({ rss, heapUsed, external, arrayBuffers });
});
// The channel alone doesn't keep the program alive.
process.channel.unref();
