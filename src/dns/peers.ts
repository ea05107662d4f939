/** The upstreams that are in use, each known once however many lists name it. */
import { MAX_LANES } from './lanes.ts';
import { Peer, type PeerDeps } from './peer.ts';
import { type Upstream, upstreamText } from './upstream.ts';

/** Ports in use at the same time, of all upstreams; each has 16 at least. */
const MAX_LANES_IN_ALL = 256;
const MIN_LANES = 16;

export class PeerTable {
  readonly #deps: PeerDeps;
  readonly #peers = new Map<string, Peer>();
  readonly #closing = new Set<Promise<void>>();
  /** By the lists they are asked with, which hardly change. */
  #lists = new WeakMap<readonly Upstream[], readonly Peer[]>();

  constructor(deps: PeerDeps) {
    this.#deps = deps;
  }

  [Symbol.iterator](): Iterator<Peer> {
    return this.#peers.values();
  }

  /** Each once: the same one twice would answer for both. */
  of(upstreams: readonly Upstream[]): readonly Peer[] {
    const known = this.#lists.get(upstreams);
    if (known) return known;
    const peers = [...new Set(upstreams.map((upstream) => this.#peerOf(upstream)))];
    this.#lists.set(upstreams, peers);
    return peers;
  }

  /** Closes the others. */
  use(upstreams: readonly Upstream[]): void {
    const wanted = new Set(upstreams.map(upstreamText));
    this.#lists = new WeakMap();
    for (const [key, peer] of this.#peers) {
      if (wanted.has(key)) continue;
      this.#peers.delete(key);
      const closed = peer.close().finally(() => this.#closing.delete(closed));
      this.#closing.add(closed);
    }
    this.of(upstreams);
    this.#spread();
  }

  async close(): Promise<void> {
    this.use([]);
    await Promise.all(this.#closing);
  }

  #peerOf(upstream: Upstream): Peer {
    const key = upstreamText(upstream);
    const known = this.#peers.get(key);
    if (known) return known;
    const peer = new Peer(upstream, this.#deps);
    this.#peers.set(key, peer);
    this.#spread();
    return peer;
  }

  #spread(): void {
    const width = Math.max(MIN_LANES, Math.min(MAX_LANES, Math.floor(MAX_LANES_IN_ALL / this.#peers.size)));
    for (const peer of this.#peers.values()) peer.width = width;
  }
}
