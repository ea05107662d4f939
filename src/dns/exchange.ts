/** Asks upstreams until one answers: the quickest first, the next when it is late, all that count until time is up. RFC 1035 §7, RFC 5452, RFC 7766, RFC 7858. */
import { messageOf } from '../core/errors.ts';
import type { Host } from '../host.ts';
import { type Chance, secretChance } from './chance.ts';
import { Flight, type FlightOwner, type Outcome } from './flight.ts';
import { type OpenLine, systemLines, tlsCure } from './lines.ts';
import type { Peer, PeerDeps } from './peer.ts';
import { PeerTable } from './peers.ts';
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
   * Calls `done` once, within 4.5 s, perhaps before it returns. `wanted.bytes` is copied. What is no better than no answer (SERVFAIL,
   * REFUSED, what cannot be read) is asked of another upstream.
   */
  ask(wanted: Wanted, upstreams: readonly Upstream[], done: (outcome: Outcome) => void): void;
  /** Forgets what it knows of upstreams that are not in the list, closes what is open to them. */
  use(upstreams: readonly Upstream[]): void;
  /** Whether no answer is likely: each of them has kept silent, or said no to everything. */
  areDown(upstreams: readonly Upstream[]): boolean;
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
const MAX_FLIGHTS = 8192;
/** How exact time-outs are: one timer for all questions. */
const TICK_MS = 20;
const SWEEP_MS = 5000;
/** How often the log says the same of one upstream. */
const TELL_EVERY_MS = 60_000;

export function openExchange(host: Host, parts: ExchangeParts = {}): Exchange {
  const { clock, log } = host;
  const { chance = secretChance(), openLine = systemLines() } = parts;
  const peers = new PeerTable({ host, chance, openLine, onTrouble: createTelling(host) });
  const flights = new Set<Flight>();
  let open = 0;
  let isStopped = false;

  const owner: FlightOwner = {
    onAnswered: () => {
      open -= 1;
    },
    onOver: (flight) => void flights.delete(flight),
    onBug: (error) => log.error('dns', 'bug', { error: (error instanceof Error && error.stack) || String(error) }),
  };
  const ticks = ticker(clock, TICK_MS, (nowMs) => {
    for (const peer of peers) peer.sweepStreams(nowMs);
    for (const flight of flights) flight.tick(nowMs);
    return flights.size > 0;
  });
  const sweeps = ticker(clock, SWEEP_MS, (nowMs) => {
    let isOpen = false;
    for (const peer of peers) isOpen = peer.sweep(nowMs) || isOpen;
    return isOpen;
  });

  return {
    ask: (wanted, upstreams, done) => {
      if (isStopped || upstreams.length === 0) return done({ kind: 'none' });
      if (open >= MAX_FLIGHTS) return done({ kind: 'failed', rcode: RCODE.SERVFAIL });
      const flight = new Flight(wanted, peers.of(upstreams), owner, done);
      open += 1;
      flights.add(flight);
      flight.start(clock.now());
      ticks.wake();
      sweeps.wake();
    },
    areDown: (upstreams) => peers.of(upstreams).every(({ standing }) => standing.isDown(clock.now())),
    use: (upstreams) => peers.use(upstreams),
    report: () => [...peers].map((peer) => reportOf(peer, clock.now())),
    stop: async () => {
      isStopped = true;
      ticks.stop();
      sweeps.stop();
      for (const flight of flights) flight.end();
      await peers.close();
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
