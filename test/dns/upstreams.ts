/** Upstreams on a fake network, and what asks them. */
import type { Endpoint, Ipv4 } from '../../src/core/addr.ts';
import { latin1, octetAt, pairAt, setOctet, setPair } from '../../src/core/bytes.ts';
import { type ExchangeParts, type Outcome, openExchange, type Wanted } from '../../src/dns/exchange.ts';
import type { OnLine, OpenLine } from '../../src/dns/lines.ts';
import type { Upstream } from '../../src/dns/upstream.ts';
import type { UdpSocket } from '../../src/host.ts';
import { type FakeHost, fakeHost } from '../support/fakes.ts';
import { nameOf, question, type Type } from './packets.ts';

/** What leaves for a question that a client asked with options of its own. */
export function wanted(name: string, type: Type = 'A', bits: Partial<Wanted> = {}): Wanted {
  const plain = question(name, type);
  const bytes = Uint8Array.from([...plain, ...new Array<number>(40).fill(0xee)]);
  return {
    bytes,
    questionEnd: plain.length,
    name: nameOf(name),
    type: 1,
    isDnssec: false,
    isUnchecked: false,
    ...bits,
  };
}

export const udp = (address: string): Upstream => ({ transport: 'udp', address, port: 53 });

/** The question itself as an answer without records. */
export function answerTo(asked: Uint8Array, rcode = 0, change: (answer: Uint8Array) => void = () => {}): Uint8Array {
  const answer = Uint8Array.from(asked);
  setPair(answer, 2, 0x8180 + rcode);
  change(answer);
  return answer;
}

/** As one that keeps no letters. */
export function lowered(packet: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(packet);
  const end = endOfName(copy);
  for (let at = 12; at < end; at++) {
    const octet = octetAt(copy, at);
    if (octet >= 0x41 && octet <= 0x5a) setOctet(copy, at, octet + 0x20);
  }
  return copy;
}

export const nameIn = (packet: Uint8Array): string => latin1(packet.subarray(12, endOfName(packet)));
export const hasOpt = (packet: Uint8Array): boolean => pairAt(packet, 10) === 1;

function endOfName(packet: Uint8Array): number {
  let at = 12;
  while (octetAt(packet, at) !== 0) at += 1 + octetAt(packet, at);
  return at + 1;
}

/** What an upstream does with a question; nothing: silence. `by` says so for TCP. */
export type Behaviour = (asked: Uint8Array, by: 'udp' | 'tcp') => Uint8Array | undefined;

export interface FakeUpstream {
  readonly upstream: Upstream;
  /** Questions that came by UDP, with where from, and by TCP. */
  readonly asked: { readonly bytes: Uint8Array; readonly from: Endpoint }[];
  readonly askedByTcp: Uint8Array[];
  behave: Behaviour;
  delayMs: number;
  /** refused: nobody listens there. */
  tcp: 'open' | 'refused' | 'silent';
  /** As if the upstream's own address and port had sent it, to whoever asked last. */
  forge(bytes: Uint8Array, from?: Partial<Endpoint>): void;
}

export interface World {
  readonly host: FakeHost;
  readonly exchange: ReturnType<typeof openExchange>;
  add(address: string): Promise<FakeUpstream>;
  /** Asks, and lets what can happen at once happen. */
  ask(name: string, upstreams: readonly FakeUpstream[], bits?: Partial<Wanted>): Promise<Asked>;
  advance(ms: number): Promise<void>;
}

export interface Asked {
  readonly outcomes: Outcome[];
  /** When the first came, from the question on. */
  tookMs: number | undefined;
}

export const settle = async (): Promise<void> => {
  for (let n = 0; n < 4; n++) await new Promise((resolve) => setImmediate(resolve));
};

export function world(parts: ExchangeParts = {}, host = fakeHost()): World {
  const byAddress = new Map<string, FakeUpstream>();
  const openLine: OpenLine = (upstream, on) => fakeLine(host, byAddress.get(upstream.address), on);
  const exchange = openExchange(host, { openLine, ...parts });
  return {
    host,
    exchange,
    add: async (address) => {
      const fake = await fakeUpstream(host, address);
      byAddress.set(address, fake);
      return fake;
    },
    ask: async (name, upstreams, bits) => {
      const asked: Asked = { outcomes: [], tookMs: undefined };
      const startMs = host.clock.now();
      const list = upstreams.map(({ upstream }) => upstream);
      exchange.ask(wanted(name, 'A', bits), list, (outcome) => {
        asked.outcomes.push(outcome);
        asked.tookMs ??= host.clock.now() - startMs;
      });
      await settle();
      return asked;
    },
    advance: async (ms) => {
      for (let left = ms; left > 0; left -= 10) {
        host.clock.advance(Math.min(10, left));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await settle();
    },
  };
}

async function fakeUpstream(host: FakeHost, address: string): Promise<FakeUpstream> {
  const here: Endpoint = { address: address as Ipv4, port: 53 };
  const fake: FakeUpstream = {
    upstream: udp(address),
    asked: [],
    askedByTcp: [],
    behave: (bytes) => answerTo(bytes),
    delayMs: 0,
    tcp: 'open',
    forge: (bytes, from) => {
      const last = fake.asked.at(-1);
      if (last) host.udp.deliver(bytes, { ...here, ...from }, last.from);
    },
  };
  const socket: UdpSocket = await host.udp.bind(here, (bytes, from) => {
    fake.asked.push({ bytes, from });
    const answer = fake.behave(bytes, 'udp');
    if (answer) later(host, fake.delayMs, () => socket.send(answer, from));
  });
  return fake;
}

/** TCP to it, as lines are: nothing is called before `openLine` has returned. */
function fakeLine(host: FakeHost, fake: FakeUpstream | undefined, on: OnLine): ReturnType<OpenLine> {
  let isCut = false;
  const call = (what: () => void): void => {
    if (!isCut) what();
  };
  queueMicrotask(() =>
    call(() => {
      if (fake?.tcp === 'open') on.onOpen();
      else if (fake?.tcp !== 'silent') on.onEnd(new Error('connect ECONNREFUSED'));
    }),
  );
  return {
    write: (frame) => {
      const bytes = Uint8Array.from(frame.subarray(2));
      fake?.askedByTcp.push(bytes);
      const answer = fake?.behave(bytes, 'tcp');
      if (!answer) return;
      const reply = Uint8Array.from([Math.floor(answer.length / 256), answer.length % 256, ...answer]);
      later(host, fake?.delayMs ?? 0, () => call(() => on.onBytes(reply)));
    },
    cut: () => {
      isCut = true;
    },
  };
}

function later(host: FakeHost, ms: number, then: () => void): void {
  if (ms === 0) queueMicrotask(then);
  else host.clock.after(ms, then);
}
