/** Doors on loopback with somebody behind them who writes down what was asked, and clients without manners. */
import dgram from 'node:dgram';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { type Endpoint, type Ipv4, LOOPBACK } from '../../src/core/addr.ts';
import { type Asker, type Doors, type DoorTerms, openDoors } from '../../src/dns/doors.ts';
import { Frames, framed } from '../../src/dns/frames.ts';
import { systemHost } from '../../src/host/system.ts';
import type { Host } from '../../src/host.ts';
import { FakeClock, FakeLog } from '../support/fakes.ts';

export interface Asked {
  readonly bytes: Uint8Array;
  readonly asker: Asker;
}

export interface Booth {
  readonly doors: Doors;
  readonly clock: FakeClock;
  readonly log: FakeLog;
  readonly at: Endpoint;
  /** Everything that came, in its order. */
  readonly asked: Asked[];
}

export interface BoothTerms extends Partial<DoorTerms> {
  /** Each question gets itself as its answer, at once; else they are kept. */
  readonly isEcho?: boolean;
}

/** This machine's sockets, with a clock and a log of the test. */
export function realSockets(): Host & { readonly clock: FakeClock; readonly log: FakeLog } {
  const log = new FakeLog();
  return { ...systemHost(log), clock: new FakeClock(), log };
}

/** Open on 127.0.0.1, a free port, until the test is over. */
export async function openBooth(t: TestContext, { isEcho = false, ...terms }: BoothTerms = {}): Promise<Booth> {
  const host = realSockets();
  const { clock, log } = host;
  const asked: Asked[] = [];
  const doors = openDoors(host, { admit: () => 'served', maxConnections: 1024, ...terms }, (bytes, asker) => {
    if (isEcho) asker.answer(bytes);
    else asked.push({ bytes, asker });
  });
  await doors.open([{ address: LOOPBACK, port: 0 }]);
  t.after(() => doors.close());
  const [at = { address: LOOPBACK, port: 0 }] = doors.at;
  return { doors, clock, log, at, asked };
}

/** A question of `length` octets that tells which one it is. */
export function question(number: number, length = 12): Uint8Array {
  const bytes = Buffer.alloc(length, number % 251);
  bytes.writeUInt16BE(number, 0);
  return bytes;
}

export function numberOf(bytes: Uint8Array): number {
  return Buffer.from(bytes).readUInt16BE(0);
}

/** Long past hope: a test that waits for what never comes ends, and leaves the processor to others. */
const GIVE_UP_MS = 20_000;

/** Returns once it is so. Turns of the event loop pass meanwhile, and no more. */
export async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + GIVE_UP_MS;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`never came true: ${isSo}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A TCP client; any address of 127.0.0.0/8 is one of its own. */
export class Peer {
  readonly socket: net.Socket;
  readonly #frames = new Frames();
  readonly answers: Uint8Array[] = [];
  heardBytes = 0;
  /** Whether it was cut; how. */
  end: 'fin' | 'reset' | undefined;

  constructor(to: Endpoint, from: string, options: { readonly isDeaf?: boolean } = {}) {
    this.socket = net.connect({
      host: to.address,
      port: to.port,
      localAddress: from,
      allowHalfOpen: true,
      noDelay: true,
    });
    this.socket.on('error', () => {
      this.end = 'reset';
    });
    this.socket.on('end', () => {
      this.end ??= 'fin';
    });
    if (!options.isDeaf) this.listen();
  }

  listen(): void {
    this.socket.on('data', (chunk) => this.#hear(chunk));
  }

  get isOpen(): boolean {
    return this.socket.readyState === 'open' && this.end === undefined;
  }

  ask(...messages: readonly Uint8Array[]): this {
    this.socket.write(Buffer.concat(messages.map(framed)));
    return this;
  }

  #hear(chunk: Uint8Array): void {
    this.heardBytes += chunk.length;
    this.#frames.push(chunk, (message) => this.answers.push(message));
  }
}

export async function connected(t: TestContext, to: Endpoint, from: string = LOOPBACK, isDeaf = false): Promise<Peer> {
  const peer = new Peer(to, from, { isDeaf });
  t.after(() => peer.socket.destroy());
  await until(() => peer.socket.readyState === 'open' || peer.end !== undefined);
  return peer;
}

export interface UdpPeer {
  readonly heard: Uint8Array[];
  readonly from: readonly dgram.RemoteInfo[];
  send(bytes: Uint8Array, to: Endpoint): void;
}

export async function udpPeer(t: TestContext, address: string = LOOPBACK, port = 0): Promise<UdpPeer> {
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  t.after(() => socket.close());
  const heard: Uint8Array[] = [];
  const from: dgram.RemoteInfo[] = [];
  socket.on('message', (bytes, info) => {
    heard.push(bytes);
    from.push(info);
  });
  await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(port, address, resolve));
  return { heard, from, send: (bytes, to) => socket.send(bytes, to.port, to.address) };
}

export const ip = (text: string): Ipv4 => text as Ipv4;
