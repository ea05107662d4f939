/** The sockets that questions come in by: UDP and TCP on the addresses given. RFC 7766. */
import type { Endpoint, Ipv4 } from '../core/addr.ts';
import type { Host } from '../host.ts';

/** Who asked, and how to answer: at most once; afterwards nothing happens. `bytes` may be reused once it returns. */
export interface Asker {
  readonly client: Ipv4;
  readonly isTcp: boolean;
  answer(bytes: Uint8Array): void;
  /** No answer will come. */
  drop(): void;
}

/** `bytes` may be kept. Never throws. */
export type OnQuestion = (bytes: Uint8Array, asker: Asker) => void;

export interface DoorCounts {
  readonly udp: number;
  readonly tcp: number;
  readonly foreign: number;
  readonly limited: number;
  readonly connections: number;
  readonly refusedConnections: number;
}

export interface Doors {
  /** Rejects with a `Fault` that has the cure where a port cannot be had. */
  open(at: readonly Endpoint[]): Promise<void>;
  close(): Promise<void>;
  readonly counts: DoorCounts;
}

export interface DoorTerms {
  /** Whether that address is answered now. */
  readonly admit: (client: Ipv4) => 'served' | 'foreign' | 'limited';
  readonly maxConnections: number;
}

export function openDoors(_host: Host, _terms: DoorTerms, _onQuestion: OnQuestion): Doors {
  throw new Error('unwritten');
}
