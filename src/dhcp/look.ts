/** What looks at addresses have in common, however it is done. */
import type { Ipv4 } from '../core/addr.ts';
import type { Finding } from './presence.ts';

/** Looks at many addresses at once. */
export interface Looker {
  /** Looks that may go on at once. */
  readonly capacity: number;
  /** Of them, how many could begin now. */
  room(): number;
  /** Begins one, or finds it begun; what was found is told later. False where there is no room. */
  look(address: Ipv4): boolean;
  /** Ends all of them; nothing is told of them. Idempotent. */
  stop(): Promise<void>;
}

export interface LookerEnds {
  found(finding: Finding): void;
  /** The address could not be asked about; `problem` says why. */
  failed(address: Ipv4, problem: string): void;
}
