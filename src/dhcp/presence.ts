/** Who is on an address, as far as anybody has looked. RFC 2131 §4.3.1: a server should probe an address before it offers it. */
import type { Ipv4, Ipv4Range, Mac } from '../core/addr.ts';

/** `free`: asked lately, and nobody answered. `unknown`: not asked lately. */
export type Seen = 'free' | 'taken' | 'unknown';

/** What decisions may know of it. */
export interface PresenceView {
  /** `mac` is who wants it: somebody found there under that one is the client itself. */
  at(address: Ipv4, mac: Mac, nowMs: number): Seen;
  /** An address of `range` that was found free ahead of need; `isOpen` says whether it could be given now. */
  spare(range: Ipv4Range, nowMs: number, isOpen: (address: Ipv4) => boolean): Ipv4 | undefined;
}

/** Where nobody probes: `dhcp.probe: off`, and `explain` without a running flink. */
export const NOBODY_LOOKS: PresenceView = { at: () => 'free', spare: () => undefined };
