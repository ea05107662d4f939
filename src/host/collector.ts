/** How often V8 looks for garbage. */
import v8 from 'node:v8';
import vm from 'node:vm';

type Collect = (options: { readonly type: 'minor' }) => void;

/** What has passed through since what is young was looked through. Measured: less costs time, more costs memory. */
const PASSED_BYTES = 128 << 20;

/**
 * V8 counts buffers apart from its heap, and looks through the whole heap for each two dozen megabytes of them: measured, two seconds of
 * processor time for a gigabyte that passes through, more than all else it costs. From now on, for the process, they count together
 * with the heap, and who lets octets through says how many: then what is young is looked through, which takes a millisecond and
 * finds nearly all of them.
 */
export function buffersThatPass(): (bytes: number) => void {
  v8.setFlagsFromString('--external-memory-accounted-in-global-limit');
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as Collect;
  let passed = 0;
  return (bytes) => {
    passed += bytes;
    if (passed < PASSED_BYTES) return;
    passed = 0;
    collect({ type: 'minor' });
  };
}
