/** A world without sockets, sleep or chance: a clock that is advanced, a network whose losses are ordered. */
import { type Endpoint, type Ipv4, LIMITED_BROADCAST } from '../../src/core/addr.ts';
import { Fault } from '../../src/core/errors.ts';
import type {
  Clock,
  ConnectedSocket,
  Host,
  LocalInterface,
  Log,
  LogFields,
  OnConnected,
  OnDatagram,
  UdpHost,
  UdpSocket,
} from '../../src/host.ts';

/** Time stands still until `advance`; due timers then run in order, each at its own moment. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #dateMs = Date.UTC(2026, 0, 1);
  #timers: { readonly atMs: number; readonly then: () => void }[] = [];
  readonly bootId: string | undefined;

  /** Another `bootId` is the same machine, started anew: what `now` shows has nothing to do with what it showed before. */
  constructor(start: { readonly bootId?: string; readonly nowMs?: number; readonly dateMs?: number } = {}) {
    this.bootId = start.bootId ?? 'first-boot';
    this.#nowMs = start.nowMs ?? this.#nowMs;
    this.#dateMs = start.dateMs ?? this.#dateMs;
  }

  now(): number {
    return this.#nowMs;
  }

  date(): number {
    return this.#dateMs;
  }

  /** Moves the wall clock alone, as an operator or NTP does. */
  jump(ms: number): void {
    this.#dateMs += ms;
  }

  after(ms: number, then: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, then };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((t) => t !== timer);
    };
  }

  get pendingTimers(): number {
    return this.#timers.length;
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = this.#timers.filter((t) => t.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((t) => t !== due);
      this.#dateMs += due.atMs - this.#nowMs;
      this.#nowMs = due.atMs;
      due.then();
    }
    this.#dateMs += endMs - this.#nowMs;
    this.#nowMs = endMs;
  }
}

export interface SentDatagram {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly bytes: Uint8Array;
}

/** Where dialled sockets are. */
export const WAN_ADDRESS = '192.0.2.1' as Ipv4;

/** Delivers at once, unless told to lose. Limited broadcasts reach sockets bound to 255.255.255.255, as Linux does it. */
export class FakeNetwork implements UdpHost {
  readonly sent: SentDatagram[] = [];
  #bound: { readonly local: Endpoint; readonly onDatagram: OnDatagram }[] = [];
  #toLose = 0;
  #nextPort = 40_000;

  /** The next `count` datagrams vanish. */
  lose(count: number): void {
    this.#toLose += count;
  }

  /** What a service manager would have opened. */
  handedPort: number | undefined;

  async handed(port: number, onDatagram: OnDatagram): Promise<UdpSocket | undefined> {
    return port === this.handedPort ? this.bind({ address: '0.0.0.0' as Ipv4, port }, onDatagram) : undefined;
  }

  async bind(wanted: Endpoint, onDatagram: OnDatagram): Promise<UdpSocket> {
    const local = wanted.port === 0 ? { ...wanted, port: this.#nextPort++ } : wanted;
    if (this.#bound.some((b) => b.local.address === local.address && b.local.port === local.port)) {
      throw new Fault('bind-failed', `UDP port ${local.port} on ${local.address} is in use`);
    }
    const entry = { local, onDatagram };
    this.#bound.push(entry);
    return {
      local,
      send: (bytes, to) => this.deliver(Uint8Array.from(bytes), local, to),
      close: async () => {
        this.#bound = this.#bound.filter((b) => b !== entry);
      },
    };
  }

  async connect(localAddress: Ipv4, remote: Endpoint, on: OnConnected): Promise<ConnectedSocket> {
    const socket = await this.bind({ address: localAddress, port: 0 }, (bytes, from) => {
      if (from.address === remote.address && from.port === remote.port) on.onDatagram(bytes);
    });
    return {
      local: socket.local,
      send: (bytes) => {
        const isHeard = this.#bound.some(({ local }) => local.address === remote.address && local.port === remote.port);
        socket.send(bytes, remote);
        if (!isHeard && this.refuses.has(remote.address)) on.onUnreachable();
      },
      isWaiting: () => false,
      close: socket.close,
    };
  }

  /** The next dials fail, as without descriptors or route. */
  dialFaults = 0;

  /** From the WAN's address, each time from another port. */
  async dial(remote: { readonly address: string; readonly port: number }, on: OnConnected): Promise<ConnectedSocket> {
    if (this.dialFaults > 0) {
      this.dialFaults -= 1;
      throw new Error('EMFILE: too many open files');
    }
    return this.connect(WAN_ADDRESS, { address: remote.address as Ipv4, port: remote.port }, on);
  }

  /** Hosts that are up: a packet to a port where nobody listens comes back to a connected socket as unreachable. */
  readonly refuses = new Set<Ipv4>();

  get openSockets(): number {
    return this.#bound.length;
  }

  /** As if a host sent `bytes`. */
  deliver(bytes: Uint8Array, from: Endpoint, to: Endpoint): void {
    this.sent.push({ from, to, bytes });
    if (this.#toLose > 0) {
      this.#toLose -= 1;
      return;
    }
    for (const { local, onDatagram } of this.#bound) {
      if (
        local.port === to.port &&
        (local.address === to.address || to.address === LIMITED_BROADCAST) &&
        isReached(local, to)
      ) {
        onDatagram(bytes, from);
      }
    }
  }
}

function isReached(local: Endpoint, to: Endpoint): boolean {
  return to.address === LIMITED_BROADCAST ? local.address === LIMITED_BROADCAST : local.address === to.address;
}

export interface LogLine extends LogFields {
  readonly level: string;
  readonly service: string;
  readonly event: string;
}

export class FakeLog implements Log {
  readonly lines: LogLine[] = [];
  debug = (service: string, event: string, fields?: LogFields): void => this.#add('debug', service, event, fields);
  info = (service: string, event: string, fields?: LogFields): void => this.#add('info', service, event, fields);
  warn = (service: string, event: string, fields?: LogFields): void => this.#add('warn', service, event, fields);
  error = (service: string, event: string, fields?: LogFields): void => this.#add('error', service, event, fields);

  #add(level: string, service: string, event: string, fields: LogFields = {}): void {
    this.lines.push({ ...fields, level, service, event });
  }
}

export interface FakeHost extends Host {
  readonly clock: FakeClock;
  readonly udp: FakeNetwork;
  readonly log: FakeLog;
}

export function fakeHost(interfaces: readonly LocalInterface[] = [lan('eth0', '172.16.0.1')]): FakeHost {
  return {
    clock: new FakeClock(),
    udp: new FakeNetwork(),
    log: new FakeLog(),
    interfaces: () => interfaces,
    random: () => 0.5,
  };
}

export function lan(name: string, address: string, prefixBits = 16): LocalInterface {
  return { name, address: address as Ipv4, prefixBits, mac: '02:1a:b0:00:00:01' };
}

/** The same numbers for the same seed: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `bytes` with one to eight octets flipped, cut off, repeated or inserted. */
export function mutate(bytes: Uint8Array, random: () => number): Uint8Array {
  let out = [...bytes];
  for (let n = 1 + Math.floor(random() * 8); n > 0; n--) {
    const at = Math.floor(random() * (out.length + 1));
    const kind = Math.floor(random() * 4);
    if (kind === 0 && at < out.length) out[at] = Math.floor(random() * 256);
    else if (kind === 1) out = out.slice(0, at);
    else if (kind === 2) out.splice(at, 0, Math.floor(random() * 256));
    else out.splice(at, 0, ...out.slice(at, at + Math.floor(random() * 16)));
  }
  return Uint8Array.from(out);
}
