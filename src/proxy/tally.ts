/** What the proxy has done so far: answers by where they came from, octets, and the busiest domains. No client, no path. */
import type { CacheReport } from '../core/cachereport.ts';
import type { Provenance } from './forward.ts';
import type { RefusalReason } from './types.ts';

export type Served = Provenance['source'] | 'tunnel' | RefusalReason;

/** Names that are counted at a time, of which the first are told. */
const MAX_NAMES = 1000;
/** Those of the fewest octets that make room, together: looking for one each time would be dear. */
const MAX_DISPLACED = 200;
const MAX_TOLD = 50;
/** RFC 1035 §2.3.4 */
const MAX_NAME_CHARS = 253;
/** Under which hosts are counted that have no name. */
const ADDRESSES = 'addresses';

interface Domain {
  answers: number;
  sentBytes: number;
  broughtBytes: number;
  /** As much as it may have sent before it was counted. */
  readonly inheritedBytes: number;
}

export class Tally {
  readonly #answers = { ...NONE };
  #sentBytes = 0;
  #broughtBytes = 0;
  readonly #domains = new Map<string, Domain>();
  /** No name that is not counted has sent more. */
  #floorBytes = 0;

  /** An answer went out: to a client `sentBytes` of content, of which `broughtBytes` came from outside for it. `host` as in a `Url`. */
  served(host: string, served: Served, sentBytes: number, broughtBytes: number): void {
    this.#answers[served] += 1;
    this.#sentBytes += sentBytes;
    this.#broughtBytes += broughtBytes;
    const domain = this.#domains.get(host) ?? this.#newDomain(host, sentBytes);
    if (!domain) return;
    domain.answers += 1;
    domain.sentBytes += sentBytes;
    domain.broughtBytes += broughtBytes;
  }

  /** Content came from outside that is nobody's answer alone: of a fetch that many wait for, that goes on when its first one has left. */
  brought(host: string, bytes: number): void {
    this.#broughtBytes += bytes;
    const domain = this.#domains.get(host) ?? this.#newDomain(host, bytes);
    if (domain) domain.broughtBytes += bytes;
  }

  counts(): Pick<CacheReport, 'answers' | 'sentBytes' | 'broughtBytes' | 'domains'> {
    const busiest = [...this.#domains].sort(([, a], [, b]) => b.sentBytes - a.sentBytes).slice(0, MAX_TOLD);
    return {
      answers: { ...this.#answers },
      sentBytes: this.#sentBytes,
      broughtBytes: this.#broughtBytes,
      domains: busiest.map(([name, { answers, sentBytes, broughtBytes }]) => ({
        ...{ name, answers, sentBytes, broughtBytes },
      })),
    };
  }

  /**
   * After Space-saving (Metwally, Agrawal, El Abbadi, 2005): new names take the places of those with the fewest octets and count as having
   * had as many, so that no busy name is ever missed. What is told of a name is what was counted of itself, never more than true.
   */
  #newDomain(host: string, bytes: number): Domain | undefined {
    const name = isAddress(host) ? ADDRESSES : host;
    const known = this.#domains.get(name);
    if (known) return known;
    if (name === '' || name.length > MAX_NAME_CHARS) return undefined;
    if (this.#domains.size >= MAX_NAMES) {
      // Who asks for names that nobody has displaces none.
      if (bytes === 0) return undefined;
      this.#makeRoom();
    }
    const domain = { answers: 0, sentBytes: 0, broughtBytes: 0, inheritedBytes: this.#floorBytes };
    // A copy: the name may be a piece of a long header, which it would keep in memory.
    this.#domains.set(Buffer.from(name).toString(), domain);
    return domain;
  }

  #makeRoom(): void {
    const least = [...this.#domains].sort(([, a], [, b]) => weightOf(a) - weightOf(b)).slice(0, MAX_DISPLACED);
    for (const [name, domain] of least) {
      this.#domains.delete(name);
      this.#floorBytes = Math.max(this.#floorBytes, weightOf(domain));
    }
  }
}

const weightOf = ({ sentBytes, inheritedBytes }: Domain): number => sentBytes + inheritedBytes;

/** No name of a host ends in a label of digits, hexadecimal or not. URL Standard §3.5. */
function isAddress(host: string): boolean {
  return host.includes(':') || /(^|\.)(\d+|0x[\da-f]*)$/.test(host);
}

const NONE: Readonly<Record<Served, number>> = {
  ...{ hit: 0, stale: 0, revalidated: 0, shared: 0, miss: 0, pass: 0, tunnel: 0 },
  ...{ garbled: 0, 'too-large': 0, scheme: 0, method: 0, host: 0, port: 0, blocked: 0, forbidden: 0, loop: 0 },
  ...{ 'unknown-name': 0, unreachable: 0, 'timed-out': 0, broken: 0, 'not-cached': 0, inconsistent: 0 },
  ...{ busy: 0, 'no-mirror': 0 },
};
