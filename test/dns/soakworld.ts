/** A day of a hall for the resolver: a clock that is wound on, upstreams whose weather changes, names whose true answer can be told from the name. */
import type { Ipv4 } from '../../src/core/addr.ts';
import { latin1, pairAt, setPair } from '../../src/core/bytes.ts';
import type { OpenLine } from '../../src/dns/lines.ts';
import type { Upstream } from '../../src/dns/upstream.ts';
import type { Clock } from '../../src/host.ts';
import { lower } from '../support/dnsread.ts';
import type { FakeNetwork } from '../support/fakes.ts';
import { ANSWER, a, cname, packet, RCODE, rr, soa, type TestPacket } from './packets.ts';
import { lowered } from './upstreams.ts';

/** Of tests' clocks the one for many timers: they stand in order. */
export class WoundClock implements Clock {
  readonly bootId = 'soak';
  #nowMs = 0;
  readonly #timers: { readonly atMs: number; run: (() => void) | undefined }[] = [];

  now = (): number => this.#nowMs;
  date = (): number => Date.UTC(2026, 0, 1) + this.#nowMs;

  get pending(): number {
    return this.#timers.length;
  }

  after(ms: number, then: () => void): () => void {
    const timer: { atMs: number; run: (() => void) | undefined } = { atMs: this.#nowMs + ms, run: then };
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#timers[middle]?.atMs ?? 0) <= timer.atMs) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    return () => {
      timer.run = undefined;
    };
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    while ((this.#timers[0]?.atMs ?? Number.POSITIVE_INFINITY) <= endMs) {
      const due = this.#timers.shift();
      if (!due) return;
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.run?.();
    }
    this.#nowMs = endMs;
  }
}

/** What upstreams do, one after the other. */
export const WEATHER = ['fair', 'rough', 'first-silent', 'fair', 'dead', 'first-refuses', 'lying'] as const;
export type Weather = (typeof WEATHER)[number];

export const UPSTREAMS: readonly Upstream[] = [1, 2].map((n) => ({
  transport: 'udp',
  address: `9.9.9.${n}`,
  port: 53,
}));
/** What liars say. */
export const LIE = '06060606';
const TTLS_SEC = [0, 1, 5, 60, 300, 3600, 86_400, 864_000] as const;
/** Answers leave in batches, as a busy network brings them: one timer each, not one for every answer. */
const BATCH_MS = 10;

/** FNV-1a, 32 bits. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}

/** The true address of a name on the wire, small letters: a public one. */
export const truthOf = (name: string): string => `5d${hash(name).toString(16).padStart(8, '0').slice(0, 6)}`;

export interface Sky {
  weather: Weather;
  /** Questions that upstreams heard. */
  asked: number;
}

/** Upstreams on `network` that answer by the weather. */
export async function openSky(network: FakeNetwork, clock: Clock, random: () => number): Promise<Sky> {
  const sky: Sky = { weather: 'fair', asked: 0 };
  const batches = new Map<number, (() => void)[]>();
  const later = (ms: number, then: () => void): void => {
    const atMs = Math.ceil((clock.now() + ms) / BATCH_MS) * BATCH_MS;
    const batch = batches.get(atMs);
    if (batch) {
      batch.push(then);
      return;
    }
    batches.set(atMs, [then]);
    clock.after(atMs - clock.now(), () => {
      const due = batches.get(atMs) ?? [];
      batches.delete(atMs);
      for (const each of due) each();
    });
  };
  for (const [i, { address, port }] of UPSTREAMS.entries()) {
    const socket = await network.bind({ address: address as Ipv4, port }, (bytes, from) => {
      sky.asked += 1;
      for (const { packet: answer, afterMs } of repliesTo(bytes, i === 0, sky.weather, random))
        later(afterMs, () => socket.send(answer, from));
    });
  }
  return sky;
}

interface Sent {
  readonly packet: Uint8Array;
  readonly afterMs: number;
}

function repliesTo(bytes: Uint8Array, isFirst: boolean, weather: Weather, random: () => number): readonly Sent[] {
  const afterMs = (isFirst ? 8 : 20) + random() * 60;
  if (weather === 'dead' || (weather === 'first-silent' && isFirst)) return [];
  if (weather === 'rough' && random() < 0.1) return [];
  const name = latin1(bytes.subarray(12, bytes.indexOf(0, 12) + 1));
  const question = Buffer.from(name, 'latin1');
  const type = pairAt(bytes, 12 + name.length);
  const made = (more: Partial<TestPacket>): Uint8Array =>
    packet({ id: pairAt(bytes, 0), question: [question, type], opt: {}, ...more });
  if (weather === 'first-refuses' && isFirst) return [{ packet: made({ flags: ANSWER + RCODE.REFUSED }), afterMs }];
  const answer = made(answerTo(lower(name), question, type));
  if (weather === 'rough' && random() < 0.1) return [{ packet: lowered(answer), afterMs }];
  if (weather !== 'lying') return [{ packet: answer, afterMs }];
  const forged = made({ answers: [{ ...rr('', 'A', 864_000, a('6.6.6.6')), name: question }] });
  setPair(forged, 0, (pairAt(bytes, 0) + 1) % 65_536);
  const laden = made({
    ...answerTo(lower(name), question, type),
    additional: [rr('name1.example.com', 'A', 864_000, a('6.6.6.6'))],
  });
  return [
    { packet: forged, afterMs: afterMs / 2 },
    { packet: laden, afterMs },
    { packet: forged, afterMs: afterMs * 2 },
  ];
}

/** By the first letters of the name: no such name, an alias, a private address, or its address. */
function answerTo(name: string, question: Uint8Array, type: number): Partial<TestPacket> {
  const ttl = TTLS_SEC[hash(`ttl${name}`) % TTLS_SEC.length] ?? 60;
  const kind = name.slice(1, 3);
  if (kind === 'nx' || type !== 1) {
    const rcode = kind === 'nx' ? RCODE.NXDOMAIN : RCODE.NOERROR;
    return { flags: ANSWER + rcode, authority: [rr('example.com', 'SOA', ttl, soa({ minimum: 300 }))] };
  }
  if (kind === 'al') {
    const target = 'target.example.com';
    const wire = '\x06target\x07example\x03com\0';
    return {
      answers: [
        { ...rr('', 'CNAME', ttl, cname(target)), name: question },
        rr(target, 'A', ttl, octets(truthOf(wire))),
      ],
    };
  }
  const data = kind === 'pr' ? a('10.0.0.7') : octets(truthOf(name));
  return { answers: [{ ...rr('', 'A', ttl, data), name: question }] };
}

const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

/** Nobody has TCP here. */
export const noLines: OpenLine = (_, on) => {
  queueMicrotask(() => on.onEnd(new Error('refused')));
  return { write: () => {}, cut: () => {} };
};
