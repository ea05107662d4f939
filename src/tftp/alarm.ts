/** A deadline that moves with each packet. The timer behind it is touched only when it has to fire sooner. */
import type { Clock } from '../host.ts';

export interface Alarm {
  /** Due `ms` after `nowMs`, instead of what was set before. */
  set(ms: number, nowMs: number): void;
  clear(): void;
}

/** A process that was held up finds its timers due before it has read the packets that came in time: it reads first. */
const GRACE_MS = 1;

export function createAlarm(clock: Clock, onDue: () => void): Alarm {
  let dueAtMs = Number.POSITIVE_INFINITY;
  let firesAtMs = Number.POSITIVE_INFINITY;
  let isInGrace = false;
  let cancel = (): void => {};

  const schedule = (atMs: number, nowMs: number): void => {
    cancel();
    firesAtMs = atMs;
    cancel = clock.after(atMs - nowMs, fire);
  };
  const fire = (): void => {
    const nowMs = clock.now();
    firesAtMs = Number.POSITIVE_INFINITY;
    if (nowMs < dueAtMs) {
      isInGrace = false;
      schedule(dueAtMs, nowMs);
    } else if (!isInGrace) {
      isInGrace = true;
      schedule(nowMs + GRACE_MS, nowMs);
    } else {
      isInGrace = false;
      dueAtMs = Number.POSITIVE_INFINITY;
      onDue();
    }
  };
  return {
    set: (ms, nowMs) => {
      dueAtMs = nowMs + ms;
      if (dueAtMs < firesAtMs) schedule(dueAtMs, nowMs);
    },
    clear: () => {
      dueAtMs = Number.POSITIVE_INFINITY;
      firesAtMs = Number.POSITIVE_INFINITY;
      isInGrace = false;
      cancel();
    },
  };
}
