import './small-heap.js';

// Only now: while it loads, the heap would grow to a size that the service never needs.
await import('./program.js');
