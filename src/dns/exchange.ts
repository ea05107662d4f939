/** Asks upstreams until one answers: the quickest first, the next when it is late, all that count until time is up. RFC 1035 §7, RFC 5452, RFC 7766, RFC 7858. */
import { messageOf } from '../core/errors.ts';
import type { Host } from '../host.ts';
import { type Chance, secretChance } from './chance.ts';
import { Flight, type FlightOwner, type Outcome } from './flight.ts';
import { MAX_LANES } from './lanes.ts';
import { type OpenLine, systemLines, tlsCure } from './lines.ts';
import { Peer, type PeerDeps } from './peer.ts';
import type { Wanted } from './question.ts';
import { ticker } from './ticker.ts';
import { type Upstream, upstreamText } from './upstream.ts';
import { RCODE } from './wire.ts';

export type { Outcome, Wanted };

export interface UpstreamReport {
  readonly upstream: Upstream;
  readonly rttMs: number | undefined;
  readonly isDown: boolean;
  readonly asked: number;
  readonly answered: number;
  readonly failed: number;
  /** Packets that were no answer to anything asked: spoofed, late, of another question. */
  readonly foreign: number;
  /** Open now, of all transports. */
  readonly sockets: number;
  readonly keepsLetters: boolean;
  readonly speaksEdns: boolean;
}

export interface Exchange {
  /**
   * Calls `done` once, within 6 s, perhaps before it returns. `wanted.bytes` is copied. What is no better than no answer (SERVFAIL,
   * REFUSED, what cannot be read) is asked of another upstream.
   */
  ask(wanted: Wanted, upstreams: readonly Upstream[], done: (outcome: Outcome) => void): void;
  /** Forgets what it knows of upstreams that are not in the list, closes what is open to them. */
  use(upstreams: readonly Upstream[]): void;
  report(): readonly UpstreamReport[];
  /** Whoever waits is told that nobody answered. */
  stop(): Promise<void>;
}

/** What tests replace. */
export interface ExchangeParts {
  readonly chance?: Chance;
  readonly openLine?: OpenLine;
}

/** Questions at a time; what is beyond is not asked. */
const MAX_FLIGHTS = 4096;
/** How exact time-outs are: one timer for all questions. */
const TICK_MS = 20;
const SWEEP_MS = 5000;
/** Ports in use at the same time, of all upstreams; each has 16 at least. */
const MAX_LANES_IN_ALL = 256;
const MIN_LANES = 16;
/** How often the log says the same of one upstream. */
const TELL_EVERY_MS = 60_000;

export function openExchange(host: Host, parts: ExchangeParts = {}): Exchange {
  const { clock, log } = host;
  const peers = new Map<string, Peer>();
  /** By the lists they are asked with, which hardly change. */
  let lists = new WeakMap<readonly Upstream[], readonly Peer[]>();
  const flights = new Set<Flight>();
  const closing = new Set<Promise<void>>();
  let open = 0;
  let isStopped = false;

  const onTrouble = createTelling(host);
  const { chance = secretChance(), openLine = systemLines() } = parts;
  const deps: PeerDeps = { host, chance, openLine, onTrouble };
  const owner: FlightOwner = {
    onAnswered: () => {
      open -= 1;
    },
    onOver: (flight) => void flights.delete(flight),
    onBug: (error) => log.error('dns', 'bug', { error: (error instanceof Error && error.stack) || String(error) }),
  };
  const ticks = ticker(clock, TICK_MS, (nowMs) => {
    for (const peer of peers.values()) peer.sweepStreams(nowMs);
    for (const flight of flights) flight.tick(nowMs);
    return flights.size > 0;
  });
  const sweeps = ticker(clock, SWEEP_MS, (nowMs) => {
    let isOpen = false;
    for (const peer of peers.values()) isOpen = peer.sweep(nowMs) || isOpen;
    return isOpen;
  });

  const peerOf = (upstream: Upstream): Peer => {
    const key = upstreamText(upstream);
    const known = peers.get(key);
    if (known) return known;
    const peer = new Peer(upstream, deps);
    peers.set(key, peer);
    spread();
    return peer;
  };
  const peersOf = (upstreams: readonly Upstream[]): readonly Peer[] => {
    const known = lists.get(upstreams);
    if (known) return known;
    // The same one twice would answer for both.
    const list = [...new Set(upstreams.map(peerOf))];
    lists.set(upstreams, list);
    return list;
  };
  const spread = (): void => {
    const width = Math.max(MIN_LANES, Math.min(MAX_LANES, Math.floor(MAX_LANES_IN_ALL / peers.size)));
    for (const peer of peers.values()) peer.width = width;
  };
  const close = (key: string, peer: Peer): void => {
    peers.delete(key);
    const closed = peer.close().finally(() => closing.delete(closed));
    closing.add(closed);
  };

  return {
    ask: (wanted, upstreams, done) => {
      if (isStopped || upstreams.length === 0) return done({ kind: 'none' });
      if (open >= MAX_FLIGHTS) return done({ kind: 'failed', rcode: RCODE.SERVFAIL });
      const flight = new Flight(wanted, peersOf(upstreams), owner, done);
      open += 1;
      flights.add(flight);
      flight.start(clock.now());
      ticks.wake();
      sweeps.wake();
    },
    use: (upstreams) => {
      const wanted = new Set(upstreams.map(upstreamText));
      lists = new WeakMap();
      for (const [key, peer] of peers) {
        if (!wanted.has(key)) close(key, peer);
      }
      for (const upstream of upstreams) peerOf(upstream);
      spread();
    },
    report: () => [...peers.values()].map((peer) => reportOf(peer, clock.now())),
    stop: async () => {
      isStopped = true;
      ticks.stop();
      sweeps.stop();
      for (const flight of flights) flight.end();
      for (const [key, peer] of peers) close(key, peer);
      await Promise.all(closing);
    },
  };
}

function reportOf({ upstream, standing, counts }: Peer, nowMs: number): UpstreamReport {
  const [keepsLetters, speaksEdns] = [standing.keepsLetters(nowMs), standing.speaksEdns(nowMs)];
  return { upstream, rttMs: standing.rttMs, isDown: standing.isDown(nowMs), ...counts, keepsLetters, speaksEdns };
}

/** Of each upstream's troubles a line a minute, with the cure where there is one. */
function createTelling({ clock, log }: Host): PeerDeps['onTrouble'] {
  const toldAtMs = new Map<string, number>();
  return (upstream, event, error) => {
    const text = upstreamText(upstream);
    const nowMs = clock.now();
    for (const [key, atMs] of toldAtMs) if (nowMs - atMs >= TELL_EVERY_MS) toldAtMs.delete(key);
    if (toldAtMs.has(`${event} ${text}`)) return;
    toldAtMs.set(`${event} ${text}`, nowMs);
    const cure = error instanceof Error ? tlsCure(error, upstream) : undefined;
    const said = error === undefined ? 'no answer' : messageOf(error);
    log.warn('dns', event, { upstream: text, error: said, ...(cure === undefined ? {} : { cure }) });
  };
}
