/**
 * A day of 200 machines' questions in about a minute: the resolver and what asks its upstreams, on a clock that is wound on. At each
 * step the bounds hold, and in the end every question has had one answer or a place in a counter, and memory is where it was.
 *
 *     node test/dns/soak.ts [--hours 24] [--seed 1] [--wave 500]
 *     node test/dns/soak.ts --real 10000000       that many real questions to a flink on loopback; its memory before, meanwhile, after
 */
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Ipv4 } from '../../src/core/addr.ts';
import { pairAt } from '../../src/core/bytes.ts';
import { openExchange } from '../../src/dns/exchange.ts';
import { Clients } from '../../src/dns/limits.ts';
import { textOf, wireName } from '../../src/dns/names.ts';
import { Resolver } from '../../src/dns/resolver.ts';
import { routeOf } from '../../src/dns/route.ts';
import type { Host, Log } from '../../src/host.ts';
import { readPacket } from '../support/dnsread.ts';
import { FakeNetwork, mutate, seeded } from '../support/fakes.ts';
import { FLAG, question } from './packets.ts';
import { hash, LIE, noLines, openSky, truthOf, UPSTREAMS, WEATHER, WoundClock } from './soakworld.ts';

export interface SoakTerms {
  readonly hours: number;
  readonly seed: number;
  /** Questions at once; there is a wave every 21 seconds. */
  readonly wave: number;
  /** How long each weather lasts. */
  readonly weatherMs: number;
  readonly maxEntries: number;
}

export interface SoakReport {
  readonly questions: number;
  readonly answers: number;
  /** Of clients that asked too much. */
  readonly limited: number;
  /** Packets that were worth no answer. */
  readonly dropped: number;
  readonly bySource: Readonly<Record<string, number>>;
  readonly askedUpstream: number;
  readonly prefetches: number;
  readonly checked: number;
  readonly most: {
    readonly outstanding: number;
    readonly sockets: number;
    readonly timers: number;
    readonly entries: number;
  };
  /** Of the second half, by regression. */
  readonly heapBytesPerHour: number;
  readonly heapBytes: number;
}

const HOUR_MS = 3_600_000;
/** A log that is kept would be all that grows. */
const SILENT: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (_service, event, fields) => assert.fail(`${event} ${fields?.error}`),
};
/** More is a leak, not the noise of a full cache whose answers change with the weather. */
const MOST_BYTES_PER_HOUR = 2 ** 17;
const EVERY_MS = 21_000;
const CLIENTS = 200;
const POPULAR = 3000;
/** Per client and second. The one that floods asks more. */
const PER_SECOND = 100;
/** One answer in so many is read and held against the truth; of all, id and QR. */
const CHECK_EVERY = 20;
/** A day has some of each; nothing was tried where one is missing. */
const SOURCES = [
  'cache',
  'stale',
  'local',
  'upstream',
  'blocked',
  'withheld',
  'refused',
  'failed',
  'malformed',
] as const;
/** Of pending.ts, lanes.ts, exchange.ts: what may be open at a time. */
const MOST_OUTSTANDING = 8192;
const MOST_SOCKETS = 256 + 2 * 32 + UPSTREAMS.length;
const MOST_TIMERS = 8192;

/** Fails where a bound, an answer or an invariant does not hold. */
export async function soak(terms: SoakTerms): Promise<SoakReport> {
  const random = seeded(terms.seed);
  const clock = new WoundClock();
  const network = new FakeNetwork();
  const host: Host = { clock, udp: network, log: SILENT, interfaces: () => [], random };
  const sky = await openSky(network, clock, random);
  const exchange = openExchange(host, { chance: { u16: () => Math.floor(random() * 65_536) }, openLine: noLines });
  exchange.use(UPSTREAMS);
  const resolver = openResolver(clock, exchange, terms.maxEntries);
  const limits = { networks: [{ network: '172.16.0.0' as Ipv4, prefixBits: 16 }], perSecond: PER_SECOND };
  const clients = new Clients(() => limits);
  const crowd = new Crowd(random);
  const count = { questions: 0, answers: 0, limited: 0, dropped: 0, checked: 0 };
  const most = { outstanding: 0, sockets: 0, timers: 0, entries: 0 };
  const memory: (readonly [hour: number, bytes: number])[] = [];

  const ask = (): void => {
    const { bytes, client } = crowd.next();
    count.questions += 1;
    if (clients.admit(client, clock.now()) !== 'served') {
      count.limited += 1;
      return;
    }
    const isChecked = count.questions % CHECK_EVERY === 0;
    let isOver = false;
    const once = (): void => {
      assert.equal(isOver, false, 'one question, two answers');
      isOver = true;
    };
    const answer = (reply: Uint8Array): void => {
      once();
      count.answers += 1;
      assert.equal(pairAt(reply, 0), pairAt(bytes, 0), 'of another question');
      if (!isChecked) return;
      count.checked += 1;
      isTrue(reply);
    };
    const drop = (): void => {
      once();
      count.dropped += 1;
    };
    resolver.handle(bytes, { client, isTcp: random() < 0.02, answer, drop });
  };
  /** Sockets open a moment later; what they were opened for leaves then. */
  const settle = (): Promise<void> => new Promise((resume) => setImmediate(resume));
  const look = (): void => {
    const { outstanding, cache } = resolver.counts;
    most.outstanding = Math.max(most.outstanding, outstanding);
    most.sockets = Math.max(most.sockets, network.openSockets);
    most.timers = Math.max(most.timers, clock.pending);
    most.entries = Math.max(most.entries, cache.entries);
    assert.ok(outstanding <= MOST_OUTSTANDING && network.openSockets <= MOST_SOCKETS && clock.pending <= MOST_TIMERS);
    assert.ok(cache.entries <= terms.maxEntries && cache.bytes <= terms.maxEntries * 1232);
    network.sent.length = 0;
  };

  const collect = collector();
  for (let waves = 0; clock.now() < terms.hours * HOUR_MS; waves++) {
    sky.weather = WEATHER[Math.floor(clock.now() / terms.weatherMs) % WEATHER.length] ?? 'fair';
    const endMs = clock.now() + EVERY_MS;
    for (let step = 0; step < 5; step++) {
      for (let n = 0; n < terms.wave / 5; n++) ask();
      await settle();
      look();
      clock.advance(200);
    }
    while (resolver.counts.outstanding > 0 && clock.now() < endMs) {
      clock.advance(200);
      await settle();
    }
    look();
    assert.equal(resolver.counts.outstanding, 0, 'a question that hangs for 20 seconds');
    assert.equal(count.answers + count.limited + count.dropped, count.questions, 'somebody was forgotten');
    clock.advance(Math.max(0, endMs - clock.now()));
    if (waves % Math.ceil((terms.hours * HOUR_MS) / EVERY_MS / 60) === 0)
      memory.push([clock.now() / HOUR_MS, collect()]);
  }
  const heapBytes = memory.at(-1)?.[1] ?? 0;
  const heapBytesPerHour = slopeOf(memory.slice(memory.length / 2));
  await exchange.stop();
  clock.advance(HOUR_MS);
  assert.equal(network.openSockets, UPSTREAMS.length, 'sockets that stay open');
  assert.equal(clock.pending, 0, 'timers that stay');
  const { answers, prefetches } = resolver.counts;
  for (const source of SOURCES) assert.ok(answers[source] > 0, `no answer was of the kind "${source}"`);
  return { ...count, bySource: answers, askedUpstream: sky.asked, prefetches, most, heapBytesPerHour, heapBytes };
}

function openResolver(clock: WoundClock, exchange: ReturnType<typeof openExchange>, maxEntries: number): Resolver {
  const blocked = wireName('blocked.example.com');
  const isBlocked = (name: string): boolean => name.endsWith(blocked);
  const table = { usual: UPSTREAMS, byDomain: new Map() };
  const terms = {
    names: {
      ...{ domain: 'flisol.lan', self: '172.16.0.1' as Ipv4, records: [] },
      networks: [{ network: '172.16.0.0' as Ipv4, prefixBits: 16 }],
      nodes: () => [{ name: 'fnode00', address: '172.16.0.10' as Ipv4, isLive: true }],
      nodeOf: () => undefined,
      addressOf: (name: string) => (name === 'desk7' ? ('172.16.0.107' as Ipv4) : undefined),
      hostnameOf: () => undefined,
    },
    beliefs: { mayBePrivate: () => false, isBlocked },
    route: (query: { readonly name: string; readonly type: number }) => routeOf(query, table, isBlocked),
  };
  const limits = { maxEntries, maxBytes: maxEntries * 1232, staleMs: 24 * HOUR_MS };
  return new Resolver(() => terms, limits, { clock, exchange });
}

/** Each machine with its own mix; one of them floods now and then, a stranger asks, some packets are broken. */
class Crowd {
  readonly #random: () => number;
  readonly #popular: readonly Uint8Array[];
  #fresh = 0;

  constructor(random: () => number) {
    this.#random = random;
    this.#popular = Array.from({ length: POPULAR }, (_, i) =>
      question(
        `${['', '', '', 'nx', 'al', 'pr'][hash(String(i)) % 30] ?? ''}name${i}.example.com`,
        i % 5 === 0 ? 'AAAA' : 'A',
        {
          flags: FLAG.RD + (i % 11 === 0 ? FLAG.CD : 0),
          ...(i % 3 === 0 ? { opt: { isDnssec: i % 9 === 0 } } : {}),
        },
      ),
    );
  }

  next(): { readonly bytes: Uint8Array; readonly client: Ipv4 } {
    const random = this.#random;
    const index = Math.floor(random() * CLIENTS);
    const dice = random();
    const client = (dice < 0.001 ? '10.66.0.6' : dice > 0.7 ? '172.16.1.250' : `172.16.1.${index}`) as Ipv4;
    return { bytes: this.#packet(random()), client };
  }

  #packet(dice: number): Uint8Array {
    const random = this.#random;
    if (dice < 0.1) return question(`fresh${this.#fresh++}.example.com`, 'A');
    if (dice < 0.12) return question(`nx${this.#fresh++}.example.com`, 'A');
    if (dice < 0.15) return question(`ads${Math.floor(random() * 100)}.blocked.example.com`, 'A');
    if (dice < 0.2)
      return question(
        ['flink', 'fnode', 'desk7.flisol.lan', '1.0.16.172.in-addr.arpa'][Math.floor(random() * 4)] ?? '',
        'A',
      );
    const popular = this.#popular[Math.floor(POPULAR * random() ** 3)] ?? new Uint8Array(12);
    if (dice < 0.21) return mutate(popular, random);
    const copy = Uint8Array.from(popular);
    copy.set([Math.floor(random() * 256), Math.floor(random() * 256)]);
    return copy;
  }
}

/** No lie, and no address that its name has not. */
function isTrue(bytes: Uint8Array): void {
  const { question: asked, answer } = readPacket(bytes);
  for (const { owner, type, data } of answer) {
    assert.ok(!data.includes(LIE), 'a lie');
    const isOutside = owner.endsWith(wireName('example.com'));
    if (type === 1 && isOutside) assert.equal(data, truthOf(owner), `${textOf(owner)}, asked for ${asked?.name}`);
  }
}

/** Octets in use once all that is garbage is gone. */
function collector(): () => number {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  return () => {
    gc();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
}

/** Least squares. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const over = points.reduce((sum, [px, py]) => sum + (px - x) * (py - y), 0);
  return over / points.reduce((sum, [px]) => sum + (px - x) ** 2, 0);
}

/** Long enough for the heap to be held to it. */
async function soakFlat(terms: SoakTerms): Promise<SoakReport> {
  const report = await soak(terms);
  if (report.heapBytesPerHour > MOST_BYTES_PER_HOUR) process.exitCode = 1;
  return report;
}

if (import.meta.main) {
  const { parseArgs } = await import('node:util');
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { hours: text, seed: text, wave: text, real: text } });
  const startMs = performance.now();
  const report = values.real
    ? await (await import('./soakreal.ts')).soakReal(Number(values.real))
    : await soakFlat({
        ...{ hours: Number(values.hours ?? 24), seed: Number(values.seed ?? 1), wave: Number(values.wave ?? 500) },
        ...{ weatherMs: HOUR_MS, maxEntries: 8192 },
      });
  console.log(JSON.stringify({ ...report, tookSec: Math.round((performance.now() - startMs) / 1000) }, undefined, 2));
}
