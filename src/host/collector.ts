/** How often V8 looks for garbage. */
import v8 from 'node:v8';

/**
 * V8 counts buffers apart from its heap, and looks through the whole heap for each two dozen megabytes of them: measured, two seconds of
 * processor time for a gigabyte that passes through, more than all else it costs. From now on they count together with the heap, which
 * may grow to some hundred megabytes before it is looked through. For the process.
 */
export function countBuffersWithHeap(): void {
  v8.setFlagsFromString('--external-memory-accounted-in-global-limit');
}
