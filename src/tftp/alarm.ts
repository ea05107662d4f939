/** A deadline that moves with each packet. The timer behind it is touched only when it has to fire sooner. */
import type { Clock } from '../host.ts';

export interface Alarm {
  /** Due `ms` after `nowMs`, instead of what was set before. */
  set(ms: number, nowMs: number): void;
  clear(): void;
}

export function createAlarm(clock: Clock, onDue: () => void): Alarm {
  let dueAtMs = Number.POSITIVE_INFINITY;
  let firesAtMs = Number.POSITIVE_INFINITY;
  let cancel = (): void => {};

  const schedule = (nowMs: number): void => {
    cancel();
    firesAtMs = dueAtMs;
    cancel = clock.after(dueAtMs - nowMs, fire);
  };
  const fire = (): void => {
    const nowMs = clock.now();
    firesAtMs = Number.POSITIVE_INFINITY;
    if (nowMs < dueAtMs) {
      if (dueAtMs < Number.POSITIVE_INFINITY) schedule(nowMs);
      return;
    }
    dueAtMs = Number.POSITIVE_INFINITY;
    onDue();
  };
  return {
    set: (ms, nowMs) => {
      dueAtMs = nowMs + ms;
      if (dueAtMs < firesAtMs) schedule(nowMs);
    },
    clear: () => {
      dueAtMs = Number.POSITIVE_INFINITY;
      firesAtMs = Number.POSITIVE_INFINITY;
      cancel();
    },
  };
}
