/** One timer for many who wait. */
import type { Clock } from '../host.ts';

export interface Ticker {
  /** Ticks from now on, until there is nothing more to do. */
  wake(): void;
  stop(): void;
}

/** `tick` is called every `periodMs` for as long as it returns true. */
export function ticker(clock: Clock, periodMs: number, tick: (nowMs: number) => boolean): Ticker {
  let cancel: (() => void) | undefined;
  const run = (): void => {
    cancel = undefined;
    if (tick(clock.now())) wake();
  };
  const wake = (): void => {
    cancel ??= clock.after(periodMs, run);
  };
  return {
    wake,
    stop: () => {
      cancel?.();
      cancel = undefined;
    },
  };
}
