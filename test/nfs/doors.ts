/** A door of RPC with a program of the test's own, and clients of all manners. */
import { once } from 'node:events';
import net from 'node:net';
import { LOOPBACK, UNSPECIFIED } from '../../src/core/addr.ts';
import { systemUdp } from '../../src/host/system.ts';
import type { Answer, Caller, Program } from '../../src/nfs/rpc.ts';
import { type RpcDoor, type RpcService, rpcService } from '../../src/nfs/server.ts';
import { type FakeHost, fakeHost } from '../support/fakes.ts';
import { call, marked, RpcClient, type Wanted, xdr } from '../support/rpc.ts';

export const PROGRAM = 0x2000_0001;
/** What the test's program does; `octets` of results, `lent` of a tail behind four octets. */
export const DOES = { nothing: 0, octets: 1, lent: 2, waits: 3, throws: 4, rejects: 5, garbage: 6, silent: 7 } as const;

export interface Door {
  readonly service: RpcService;
  readonly host: FakeHost;
  readonly port: number;
  /** What has come in, and what tails were released. */
  readonly seen: { asked: number; lent: number; released: number; callers: Caller[] };
  /** Ends the calls that wait, with so many octets lent. */
  answerAll(lentBytes?: number): void;
  readonly waiting: readonly (() => void)[];
  client(localAddress?: string): Promise<RpcClient>;
  /** How often the log has this event. */
  logged(event: string): number;
}

const LENT = Buffer.alloc(1 << 20, 'lent');

export async function openDoor(options: Partial<RpcDoor> = {}): Promise<Door> {
  const host: FakeHost = { ...fakeHost(), udp: systemUdp as unknown as FakeHost['udp'] };
  const seen: Door['seen'] = { asked: 0, lent: 0, released: 0, callers: [] };
  let waiting: ((bytes: number) => void)[] = [];
  const lend = (bytes: number, caller: Caller): Answer => {
    seen.lent += 1;
    const release = (): void => {
      seen.released += 1;
      caller.give(bytes);
    };
    return { kind: 'done', results: xdr.u32(bytes), tail: { views: [LENT.subarray(0, bytes)], bytes, release } };
  };
  const answers: Readonly<Record<number, (bytes: number, caller: Caller) => Answer | Promise<Answer>>> = {
    [DOES.nothing]: () => ({ kind: 'done', results: new Uint8Array(0) }),
    [DOES.octets]: (bytes) => ({ kind: 'done', results: Buffer.alloc(bytes, 'done') }),
    [DOES.lent]: (bytes, caller) => {
      const room = caller.take(bytes);
      if (typeof room === 'boolean') return lend(bytes, caller);
      return room.then((has) => (has ? lend(bytes, caller) : { kind: 'system-error' }));
    },
    [DOES.waits]: (_bytes, caller) =>
      new Promise((resolve) =>
        waiting.push((bytes) => {
          const isLent = bytes > 0 && caller.take(bytes) === true;
          resolve(isLent ? lend(bytes, caller) : { kind: 'done', results: new Uint8Array(0) });
        }),
      ),
    [DOES.throws]: () => {
      throw new TypeError('the program is broken');
    },
    [DOES.rejects]: () => Promise.reject(new TypeError('the program is broken')),
    [DOES.garbage]: () => ({ kind: 'garbage-arguments' }),
    [DOES.silent]: () => ({ kind: 'silence' }),
  };
  const program: Program = {
    number: PROGRAM,
    versions: { low: 3, high: 4 },
    answer: ({ procedure, args }, caller) => {
      seen.asked += 1;
      seen.callers.push(caller);
      return answers[procedure]?.(args.left > 0 ? args.u32('bytes') : 0, caller) ?? { kind: 'procedure-unavailable' };
    },
  };
  const door: RpcDoor = {
    name: 'nfs',
    listen: [LOOPBACK],
    port: 0,
    transports: ['tcp'],
    programs: [program],
    ...options,
  };
  const service = rpcService(() => door, { host });
  await service.start();
  const { port } = service.ports()[0] ?? { address: UNSPECIFIED, port: 0 };
  return {
    ...{ service, host, port, seen },
    get waiting() {
      return waiting.map((go) => () => go(0));
    },
    answerAll: (lentBytes = 0) => {
      const all = waiting;
      waiting = [];
      for (const goOn of all) goOn(lentBytes);
    },
    client: (localAddress) => RpcClient.to({ port, ...(localAddress && { localAddress }) }),
    logged: (event) => host.log.lines.filter((line) => line.event === event).length,
  };
}

export function asking(procedure: number, bytes?: number, xid = 1): Wanted {
  return { xid, program: PROGRAM, version: 3, procedure, ...(bytes !== undefined && { args: xdr.u32(bytes) }) };
}

export function wire(procedure: number, bytes?: number, xid = 1): Buffer {
  return marked(call(asking(procedure, bytes, xid)));
}

/** A connection without manners: what is read of it the test decides. */
export async function rude(port: number, localAddress = '127.0.0.1'): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Comes back when the other end has ended or cut it. */
export async function closed(socket: net.Socket): Promise<void> {
  socket.resume();
  if (!socket.closed && !socket.readableEnded)
    await new Promise<void>((resolve) => socket.once('end', () => resolve()).once('close', () => resolve()));
  socket.destroy();
}

/** Lets input and output go on until `is` is true; after some thousand rounds it is false. */
export async function until(is: () => boolean): Promise<boolean> {
  for (let round = 0; round < 20_000; round++) {
    if (is()) return true;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return is();
}
