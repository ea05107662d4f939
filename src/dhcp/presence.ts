/** Who is on an address, as far as anybody has looked. RFC 2131 §4.3.1: a server should probe an address before it offers it. */
import { type Ipv4, type Ipv4Range, type Mac, rangeHas } from '../core/addr.ts';

/** `free`: asked just now, and nobody answered. `unknown`: nobody has asked, or too long ago. */
export type Seen = 'free' | 'taken' | 'unknown';

/** What decisions may know of it. */
export interface PresenceView {
  /** `mac` is who wants it: somebody found there under that one is the client itself. */
  at(address: Ipv4, mac: Mac, nowMs: number): Seen;
  /** An address of `range` that was found free in the last minutes, ahead of need; `isOpen` says whether it could be given now. */
  spare(range: Ipv4Range, nowMs: number, isOpen: (address: Ipv4) => boolean): Ipv4 | undefined;
  /** The address that `mac` waits for, or has waited for just now. */
  wish(mac: Mac, nowMs: number): Ipv4 | undefined;
  /** Whether so many wait for a look already that one at `address` had better be saved. */
  isRushed(address: Ipv4, nowMs: number): boolean;
  /** On how many addresses of `range` strangers were found. */
  strangers(range: Ipv4Range, nowMs: number): number;
}

/** Where nobody probes: `dhcp.probe: off`, and `explain` without a running flink. */
export const NOBODY_LOOKS: PresenceView = {
  at: () => 'free',
  spare: () => undefined,
  wish: () => undefined,
  isRushed: () => false,
  strangers: () => 0,
};

/** What a look found. */
export interface Finding {
  readonly address: Ipv4;
  readonly seen: 'free' | 'taken';
  /** Who answered, where that can be known: on the LAN. */
  readonly mac: Mac | undefined;
  /** Not where the kernel knew the answer before it asked, or could not ask. */
  readonly isSure: boolean;
}

/** From the wish for an address to its offer, with a look between them; then there is a lease. */
const JUST_NOW_MS = 2_000;
/** How long a look is remembered. A squatter stays for the day; a spare address may be somebody's in a minute. */
const BELIEVED_MS = { free: 300_000, taken: 600_000 } as const;
/** What may be wrong is looked at again soon: a neighbour that left is believed in by the kernel for 45 s at most. */
const DOUBTED_MS = 60_000;
/** Spares are looked at again before they are too old to be given. */
const STALE_MS = 240_000;
/** Of each of two generations: some 10 MB in all. When the young one is full, the old one is forgotten. */
const MAX_SIGHTINGS = 32_768;
/** As many as may wait for an answer. */
const MAX_CLAIMS = 4_096;

interface Sighting extends Finding {
  readonly atMs: number;
}

interface Claimed {
  readonly mac: Mac;
  readonly untilMs: number;
}

/** What was seen lately, who waits for which address, and the spare ones of each range. */
export class Presence implements PresenceView {
  #young = new Map<Ipv4, Sighting>();
  /** What has been seen again since is in both, and the young one counts. */
  #old = new Map<Ipv4, Sighting>();
  /** The oldest first. */
  readonly #claims = new Map<Ipv4, Claimed>();
  /** The last claim of each. */
  readonly #wishes = new Map<Mac, Ipv4>();
  /** By range, the oldest first. */
  readonly #spares = new Map<string, Set<Ipv4>>();
  readonly #isCrowded: (address: Ipv4, nowMs: number) => boolean;

  /** `isCrowded`: whether most looks that may go on at once at such an address do. */
  constructor(isCrowded: (address: Ipv4, nowMs: number) => boolean) {
    this.#isCrowded = isCrowded;
  }

  at(address: Ipv4, mac: Mac, nowMs: number): Seen {
    const claimed = this.#claims.get(address);
    if (claimed && claimed.mac !== mac && claimed.untilMs > nowMs) return 'taken';
    const sighting = this.#believed(address, nowMs);
    if (!sighting) return 'unknown';
    if (sighting.mac === mac) return 'free';
    return sighting.seen === 'free' && nowMs - sighting.atMs >= JUST_NOW_MS ? 'unknown' : sighting.seen;
  }

  wish(mac: Mac, nowMs: number): Ipv4 | undefined {
    const address = this.#wishes.get(mac);
    const claimed = address === undefined ? undefined : this.#claims.get(address);
    return claimed && claimed.untilMs > nowMs ? address : undefined;
  }

  isRushed(address: Ipv4, nowMs: number): boolean {
    return this.#isCrowded(address, nowMs);
  }

  spare(range: Ipv4Range, nowMs: number, isOpen: (address: Ipv4) => boolean): Ipv4 | undefined {
    const spares = this.sparesOf(range);
    for (const address of spares) {
      if (this.#believed(address, nowMs)?.seen === 'free' && isOpen(address)) return address;
      // Given, or seen too long ago: it is none any more.
      spares.delete(address);
    }
    return undefined;
  }

  strangers(range: Ipv4Range, nowMs: number): number {
    let count = 0;
    const isThere = ({ address }: Sighting) =>
      rangeHas(range, address) && this.#believed(address, nowMs)?.seen === 'taken';
    for (const sighting of this.#young.values()) if (isThere(sighting)) count += 1;
    for (const sighting of this.#old.values()) if (!this.#young.has(sighting.address) && isThere(sighting)) count += 1;
    return count;
  }

  /** Those of `range` that were found free, given ones among them; the caller may change it. */
  sparesOf(range: Ipv4Range): Set<Ipv4> {
    const key = `${range.first}-${range.last}`;
    const spares = this.#spares.get(key) ?? new Set();
    this.#spares.set(key, spares);
    return spares;
  }

  /** Ranges that a reload has taken away. */
  keepOnly(ranges: readonly Ipv4Range[]): void {
    const keys = new Set(ranges.map(({ first, last }) => `${first}-${last}`));
    for (const key of this.#spares.keys()) if (!keys.has(key)) this.#spares.delete(key);
  }

  /** Whether it is worth a look now: not seen, or about to be forgotten. */
  isDue(address: Ipv4, nowMs: number): boolean {
    const sighting = this.#believed(address, nowMs);
    return !sighting || (sighting.seen === 'free' && nowMs - sighting.atMs >= STALE_MS);
  }

  found(finding: Finding, nowMs: number): void {
    if (this.#young.size >= MAX_SIGHTINGS) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(finding.address, { ...finding, atMs: nowMs });
  }

  /** While `mac` waits to hear of it, nobody else gets it. */
  claim(address: Ipv4, mac: Mac, nowMs: number): void {
    this.#unclaim(address);
    this.#claims.set(address, { mac, untilMs: nowMs + JUST_NOW_MS });
    this.#wishes.set(mac, address);
    for (const [first, { untilMs }] of this.#claims) {
      if (untilMs > nowMs && this.#claims.size <= MAX_CLAIMS) break;
      this.#unclaim(first);
    }
  }

  #unclaim(address: Ipv4): void {
    const claimed = this.#claims.get(address);
    this.#claims.delete(address);
    if (claimed && this.#wishes.get(claimed.mac) === address) this.#wishes.delete(claimed.mac);
  }

  /** What was seen there has been shown to be wrong. */
  forget(address: Ipv4): void {
    this.#young.delete(address);
    this.#old.delete(address);
  }

  #believed(address: Ipv4, nowMs: number): Sighting | undefined {
    const sighting = this.#young.get(address) ?? this.#old.get(address);
    if (!sighting) return undefined;
    const forMs = sighting.isSure ? BELIEVED_MS[sighting.seen] : DOUBTED_MS;
    return nowMs - sighting.atMs < forMs ? sighting : undefined;
  }
}
