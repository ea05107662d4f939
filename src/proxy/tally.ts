/** What the proxy has done so far: answers by where they came from, octets, and the busiest domains. No client, no path. */
import type { CacheReport } from '../core/cachereport.ts';
import type { Provenance } from './forward.ts';
import type { RefusalReason } from './types.ts';

export type Served = Provenance['source'] | 'tunnel' | RefusalReason;

export class Tally {
  /** An answer went out: to a client `sentBytes` of content, of which `broughtBytes` came from outside for it. `host` as in a `Url`. */
  served(_host: string, _served: Served, _sentBytes: number, _broughtBytes: number): void {
    throw new Error('unwritten');
  }

  counts(): Pick<CacheReport, 'answers' | 'sentBytes' | 'broughtBytes' | 'domains'> {
    throw new Error('unwritten');
  }
}
