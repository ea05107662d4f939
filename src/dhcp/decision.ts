/** What can be decided about a DHCP message, and what a decision knows of the world: values, and nothing that makes them. */
import type { Ipv4, Mac } from '../core/addr.ts';
import type { AddressRule, Claim } from './address.ts';
import type { BootAnswer } from './boot.ts';
import type { Lease, LeaseView } from './leases.ts';
import type { Machine, MachineView } from './machines.ts';
import type { DhcpPacket, EncodeLimits } from './packet.ts';
import type { DhcpPolicy, Placement } from './policy.ts';
import type { PresenceView } from './presence.ts';
import type { BootClient } from './pxe.ts';

export interface Reply {
  readonly packet: DhcpPacket;
  readonly limits: EncodeLimits;
}

export type IgnoreReason =
  | 'mode-off'
  | 'own-question'
  | 'not-a-request'
  | 'not-ethernet'
  | 'unknown-message'
  | 'unknown-relay'
  | 'relay-loop'
  | 'bootp-stranger'
  | 'pool-empty'
  | 'too-many-leases'
  /** The server's own: there was no time to look who is on an address that is free. */
  | 'not-looked'
  | 'other-server'
  | 'no-record'
  | 'not-the-holder'
  | 'foreign-address'
  | 'not-pxe'
  | 'wants-credentials'
  | 'no-loader'
  | 'no-node'
  | 'no-address';

export type NakReason = 'wrong-network' | 'not-yours' | 'not-offered';

/** What a client is given and by which rules. */
export interface Granted {
  readonly reply: Reply;
  readonly client: BootClient;
  readonly placement: Placement;
  readonly boot: BootAnswer | undefined;
  /** What is to be remembered of the machine from now on; nothing new without it. */
  readonly machine?: Machine;
}

/** What becomes of the table. */
export interface Change {
  /** The record that the message is about, as it is from now on. */
  readonly lease: Lease;
  /** Others that are free because of it. */
  readonly freed: readonly Lease[];
}

export type Decision =
  | ({ readonly kind: 'offer' | 'ack'; readonly rule: AddressRule } & Change & Granted)
  | ({ readonly kind: 'inform' | 'bootp' } & Granted)
  | { readonly kind: 'nak'; readonly reason: NakReason; readonly reply: Reply }
  | ({ readonly kind: 'release' | 'decline' } & Change)
  /** Boot data beside somebody else's DHCP: an offer without an address, or the answer of the PXE port. */
  | ({ readonly kind: 'proxy-offer' | 'proxy-ack' } & Granted)
  /** Nobody has looked lately who is on `address`: look, then decide anew. */
  | { readonly kind: 'probe'; readonly address: Ipv4; readonly mac: Mac }
  /** `machine` as in `Granted`: even what is not answered may tell where a machine is. */
  | { readonly kind: 'ignore'; readonly reason: IgnoreReason; readonly machine?: Machine };

/** What decisions know of the world at one moment. */
export interface Facts {
  readonly policy: DhcpPolicy;
  readonly leases: LeaseView;
  readonly presence: PresenceView;
  readonly machines: MachineView;
  /** Which port the request came to: 67, or the PXE port 4011. */
  readonly door: 'dhcp' | 'pxe';
  /** `Clock.now`. */
  readonly nowMs: number;
}

/** One request with what every rule needs to know of it. */
export interface Case extends Claim, Facts {
  readonly request: DhcpPacket;
  readonly client: BootClient;
}
