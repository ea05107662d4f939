/** Who may ask, and how often: strangers get nothing, one machine not everything. */
import type { Ipv4, Subnet } from '../core/addr.ts';

/** foreign: not of the hall; limited: too many questions. Both get no answer at all. */
export type Admission = 'served' | 'foreign' | 'limited';

export interface LimitTerms {
  /** Whose addresses are served: the LAN's, the relays', loopback. */
  readonly networks: readonly Subnet[];
  /** Questions a second that one address may ask over time, twice as many at once; 0: no limit. Loopback has none. */
  readonly perSecond: number;
}

/** Bounded: of 16,384 addresses it remembers something. */
export class Clients {
  constructor(_terms: () => LimitTerms) {}
  admit(_client: Ipv4, _nowMs: number): Admission {
    throw new Error('unwritten');
  }
}
