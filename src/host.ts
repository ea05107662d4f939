/** The world, as services see it: what tests replace with fakes. */
import type { Endpoint, Ipv4 } from './core/addr.ts';

export interface Clock {
  /** Milliseconds that never go back: ages, leases, time-outs. They count on across processes for as long as `bootId` is the same. */
  now(): number;
  /** Which start of the machine `now` counts from; absent where the system does not say. */
  readonly bootId?: string | undefined;
  /** Wall clock in milliseconds since 1970, which may jump: headers, log lines, times on disk. */
  date(): number;
  /** Calls `then` once after `ms`; the result cancels. */
  after(ms: number, then: () => void): () => void;
}

export type OnDatagram = (bytes: Uint8Array, from: Endpoint) => void;

export interface UdpSocket {
  /** Where it is bound: the port is the real one when 0 was asked for. */
  readonly local: Endpoint;
  /**
   * Sends and forgets: UDP promises nothing, and of what the kernel has no room for 256 packets wait, no more. `bytes` may be reused
   * after the call returns, unless `onHeld` was called.
   */
  send(bytes: Uint8Array, to: Endpoint): void;
  close(): Promise<void>;
}

export interface BindOptions {
  /** It may send to 255.255.255.255. */
  readonly broadcast?: boolean;
  /** Others that say so, too, may have the same port; all of them hear broadcasts. */
  readonly isShared?: boolean;
  /** Called within `send`: the kernel had no room, nothing else waits, and these octets must stay as they are until it has. */
  readonly onHeld?: () => void;
}

export interface UdpHost {
  /** Rejects with a `Fault` that names port and cure. */
  bind(local: Endpoint, onDatagram: OnDatagram, options?: BindOptions): Promise<UdpSocket>;
  /** A socket for that port that a service manager has opened for us, on one interface perhaps; nothing where there is none. */
  handed(port: number, onDatagram: OnDatagram): Promise<UdpSocket | undefined>;
  /** The address of each socket of this machine that has `port`, ours too; nothing where the system doesn't tell. */
  holders?(port: number): Promise<readonly Ipv4[] | undefined>;
  /** A port of its own on `localAddress`, which hears `remote` and nobody else. Rejects when there is none to be had. */
  connect(localAddress: Ipv4, remote: Endpoint, on: OnConnected): Promise<ConnectedSocket>;
  /**
   * The same to an IPv4 or IPv6 literal beyond the LAN, from a port that nobody can foretell. Errors of sending, no route for instance,
   * come as `onUnreachable`, too.
   */
  dial(remote: { readonly address: string; readonly port: number }, on: OnConnected): Promise<ConnectedSocket>;
}

export interface OnConnected {
  onDatagram(bytes: Uint8Array): void;
  /** The remote host says that nobody listens there (ICMP port unreachable); may come more than once. */
  onUnreachable(): void;
}

/** A UDP socket with one remote end. */
export interface ConnectedSocket {
  readonly local: Endpoint;
  /** Sends and forgets. `bytes` must stay as they are while packets wait: the kernel may have put this one off. */
  send(bytes: Uint8Array): void;
  /** Whether packets wait for the kernel to take them. */
  isWaiting(): boolean;
  close(): Promise<void>;
}

/** One line in the log: constant event names, fields instead of sentences. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;
export interface Log {
  /** debug: each packet; info: a boot step; warn: someone should look; error: something here is broken. */
  debug(service: string, event: string, fields?: LogFields): void;
  info(service: string, event: string, fields?: LogFields): void;
  warn(service: string, event: string, fields?: LogFields): void;
  error(service: string, event: string, fields?: LogFields & { readonly error?: string }): void;
}

/** An interface of this machine with one of its IPv4 addresses. */
export interface LocalInterface {
  readonly name: string;
  readonly address: Ipv4;
  readonly prefixBits: number;
  readonly mac: string;
}

/** What the kernel says of an interface, with or without an address. */
export interface Link {
  readonly name: string;
  readonly isUp: boolean;
  readonly hasCarrier: boolean;
}

export interface Host {
  readonly clock: Clock;
  readonly udp: UdpHost;
  readonly log: Log;
  /** Every IPv4 address of every interface, loopback included. */
  interfaces(): readonly LocalInterface[];
  /** Uniform in [0, 1). */
  random(): number;
}
