/** What is remembered about machines, by UUID and MAC: which variant of the answer each got, and whether it came further. */
import type { MachineKey } from '../core/swarm.ts';

export interface Machine {
  readonly key: MachineKey;
}

/** What decisions may know of it. */
export interface MachineView {
  of(key: MachineKey): Machine | undefined;
}

/** For `explain` without a running flink. */
export const NO_MACHINES: MachineView = { of: () => undefined };
