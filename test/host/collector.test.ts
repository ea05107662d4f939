import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MODULE = fileURLToPath(new URL('../../src/host/collector.ts', import.meta.url));

/** How often all of the heap is looked through while half a gigabyte of buffers comes and goes. */
function collections(prelude: string): number {
  const script = `
    import { PerformanceObserver, constants } from 'node:perf_hooks';
    import { buffersThatPass } from ${JSON.stringify(MODULE)};
    ${prelude}
    let count = 0;
    new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) count += 1;
    }).observe({ entryTypes: ['gc'] });
    for (let i = 0; i < 8000; i++) {
      Buffer.allocUnsafeSlow(65536);
      globalThis.passed?.(65536);
      if (i % 50 === 0) await new Promise(setImmediate);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    console.log(count);`;
  // In one thread: how far V8's helpers have come when a buffer is made changes what it counts, by several on a busy machine.
  const flags = ['--single-threaded-gc', '--input-type=module', '--eval', script];
  return Number(execFileSync(process.execPath, flags, { encoding: 'utf8' }));
}

test('buffers that come and go do not have the heap looked through for every few of them', () => {
  const [before, after] = [collections(''), collections('globalThis.passed = buffersThatPass();')];
  assert.ok(before > 2 * after + 2, `${before} times without, ${after} times with it`);
});
