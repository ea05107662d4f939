/** Asks upstreams until one answers: the quickest first, the next when it is late, all that count until time is up. RFC 1035 §7, RFC 5452, RFC 7766, RFC 7858. */
import type { Host } from '../host.ts';
import type { Message } from './message.ts';
import type { Query } from './query.ts';
import type { Upstream } from './upstream.ts';

export type Outcome =
  /** A packet that answers the question, its name in the letters asked, from an upstream that was asked. */
  | { readonly kind: 'message'; readonly message: Message }
  /** failed: all said so, as `rcode` of the last; silent: nobody answered in time; none: nobody to ask. */
  | { readonly kind: 'failed'; readonly rcode: number }
  | { readonly kind: 'silent' | 'none' };

/** What the wire's question is made of: nothing else of the client's packet leaves (no options, no ECS). */
export type Wanted = Pick<Query, 'bytes' | 'questionEnd' | 'name' | 'type' | 'isDnssec' | 'isUnchecked'>;

export interface UpstreamReport {
  readonly upstream: Upstream;
  readonly rttMs: number | undefined;
  readonly isDown: boolean;
  readonly asked: number;
  readonly answered: number;
  readonly failed: number;
  /** Packets that were no answer to anything asked: spoofed, late, of another question. */
  readonly foreign: number;
}

export interface Exchange {
  /** Calls `done` once, within 6 s. `wanted.bytes` is copied. `isUseless`: whether an answer is no better than none, so that another upstream is asked. */
  ask(wanted: Wanted, upstreams: readonly Upstream[], done: (outcome: Outcome) => void): void;
  /** Forgets what it knows of upstreams that are not in the list, closes what is open to them. */
  use(upstreams: readonly Upstream[]): void;
  report(): readonly UpstreamReport[];
  stop(): Promise<void>;
}

export function openExchange(_host: Host): Exchange {
  throw new Error('unwritten');
}
