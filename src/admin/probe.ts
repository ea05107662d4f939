/** How this process is. */
import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ProcessFigures } from './metrics.ts';

const RESOLUTION_MS = 20;
const NS = 1e9;

export interface ProcessWatch {
  start(): void;
  stop(): void;
  /** The delays are those since the call before. */
  figures(): ProcessFigures;
}

/** `startedAtMs` by the wall clock. */
export function processWatch(startedAtMs: number): ProcessWatch {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  return {
    start: () => void delays.enable(),
    stop: () => void delays.disable(),
    figures: () => {
      const { user, system } = process.cpuUsage();
      // The timer that it watches is part of what it measures; before the first there is nothing.
      const late = (ns: number): number => (delays.count === 0 ? 0 : Math.max(0, ns / NS - RESOLUTION_MS / 1000));
      const loopDelaySec = {
        p50: late(delays.percentile(50)),
        p99: late(delays.percentile(99)),
        max: late(delays.max),
      };
      delays.reset();
      return {
        cpuSec: (user + system) / 1e6,
        residentBytes: process.memoryUsage.rss(),
        heapUsedBytes: process.memoryUsage().heapUsed,
        openFiles: openFiles(),
        startedAtSec: startedAtMs / 1000,
        loopDelaySec,
      };
    },
  };
}

/** Without the one that this takes. */
function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}
