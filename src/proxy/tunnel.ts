/** CONNECT: octets both ways, until both have ended. RFC 9110 §9.3.6. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Sees what a tunnel brings: true to go on; false to wait until `goOn` is called. */
export type OnBrought = (bytes: number, goOn: () => void) => boolean;

export interface TunnelEnds {
  readonly client: Duplex;
  /** What the client sent behind its request. */
  readonly head: Uint8Array;
  readonly origin: Socket;
}

/** Resolves with the octets each way, once both sides are closed. Half-closes pass through; a reset of one is a reset of the other. */
export function tunnel(
  _ends: TunnelEnds,
  _idleMs: number,
  _onBrought: OnBrought,
): Promise<{ up: number; down: number }> {
  throw new Error('unwritten');
}
