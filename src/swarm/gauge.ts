/** How busy this node is, and how much room it has. */
import { statfs } from 'node:fs/promises';
import type { NodeLoad, Traffic } from '../core/swarm.ts';
import type { Clock } from '../host.ts';

export interface Gauge {
  /** Since the call before, or the start. */
  load(): NodeLoad;
  /** Of the folder, as of a moment ago; 0 until it is known. */
  freeBytes(): number;
}

export interface GaugeDeps {
  readonly clock: Pick<Clock, 'now'>;
  /** Of each door. */
  readonly traffic: () => readonly Traffic[];
  /** Of images. */
  readonly folder: () => string;
}

/** Two announcements that follow at once would say what happened in a millisecond. */
const MIN_SPAN_MS = 500;
/** A folder elsewhere on the network may take long to say. */
const LOOK_MS = 10_000;

export function nodeGauge({ clock, traffic, folder }: GaugeDeps): Gauge {
  let before = { atMs: clock.now(), sentBytes: total(traffic()), cpuMs: cpuMs() };
  let rates = { sentBitsPerSec: 0, cpuShare: 0 };
  let free = { bytes: 0, askedAtMs: Number.NEGATIVE_INFINITY, isAsking: false };

  const askFree = async (): Promise<void> => {
    free = { ...free, askedAtMs: clock.now(), isAsking: true };
    const stat = await statfs(folder()).catch(() => undefined);
    free = { ...free, bytes: stat ? stat.bavail * stat.bsize : free.bytes, isAsking: false };
  };

  return {
    load: () => {
      const doors = traffic();
      const now = { atMs: clock.now(), sentBytes: total(doors), cpuMs: cpuMs() };
      const spanMs = now.atMs - before.atMs;
      if (spanMs >= MIN_SPAN_MS) {
        const sentBits = Math.max(0, now.sentBytes - before.sentBytes) * 8;
        rates = {
          sentBitsPerSec: Math.round((sentBits / spanMs) * 1000),
          cpuShare: Math.min(1, Math.round(((now.cpuMs - before.cpuMs) / spanMs) * 1000) / 1000),
        };
        before = now;
      }
      return { transfers: doors.reduce((sum, { transfers }) => sum + transfers, 0), ...rates };
    },
    freeBytes: () => {
      if (!free.isAsking && clock.now() - free.askedAtMs >= LOOK_MS) void askFree();
      return free.bytes;
    },
  };
}

const total = (doors: readonly Traffic[]): number => doors.reduce((sum, { sentBytes }) => sum + sentBytes, 0);

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
