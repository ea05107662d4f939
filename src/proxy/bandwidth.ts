/** Shares the uplink among clients: one with twenty connections gets no more than one with a single one. */
import type { Clock } from '../host.ts';

export interface Rates {
  readonly totalBitsPerSec: number | undefined;
  readonly perClientBitsPerSec: number | undefined;
}

/**
 * Whoever brought octets from outside says so, and waits before it brings more where its client, or all together, have had their share.
 * Those who wait go on client by client in turn; those of one client in turn among themselves. Nothing is kept of a client that waits
 * for nothing and owes nothing.
 */
export class Bandwidth {
  constructor(_rates: () => Rates, _clock: Pick<Clock, 'now' | 'after'>) {
    throw new Error('unwritten');
  }

  /** `bytes` came for `client`. True: go on. False: `goOn` is called once, later. */
  brought(_client: string, _bytes: number, _goOn: () => void): boolean {
    throw new Error('unwritten');
  }

  /** Who waits no longer. */
  leave(_client: string, _goOn: () => void): void {
    throw new Error('unwritten');
  }

  stop(): void {
    throw new Error('unwritten');
  }
}
