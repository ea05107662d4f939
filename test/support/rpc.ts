/**
 * An ONC RPC client of a test's own, from RFC 5531 and RFC 4506 alone: what it says of a server is not the server's own opinion.
 * Builds calls, reads replies, speaks over a real socket with time-outs.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';

/** Octets of fields, to be put together with `args`. RFC 4506 §4 */
export const xdr = {
  u32: (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  },
  u64: (value: number | bigint): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(value));
    return bytes;
  },
  bool: (value: boolean): Buffer => xdr.u32(value ? 1 : 0),
  /** `opaque[n]` */
  fixed: (bytes: Uint8Array): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]),
  /** `opaque<>` */
  opaque: (bytes: Uint8Array): Buffer => Buffer.concat([xdr.u32(bytes.length), xdr.fixed(bytes)]),
  text: (text: string): Buffer => xdr.opaque(Buffer.from(text)),
};

export function args(...fields: readonly Uint8Array[]): Buffer {
  return Buffer.concat(fields);
}

/** Reads results in order; beyond the end it throws a RangeError, and so it does for filling that is not zero. */
export class Results {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u32(): number {
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  u64(): bigint {
    this.#at += 8;
    return this.#bytes.readBigUInt64BE(this.#at - 8);
  }

  bool(): boolean {
    const value = this.u32();
    if (value > 1) throw new RangeError(`a bool of ${value}`);
    return value === 1;
  }

  fixed(count: number): Buffer {
    const filled = Math.ceil(count / 4) * 4;
    if (filled > this.left) throw new RangeError(`${filled} octets wanted, ${this.left} left`);
    const whole = this.#bytes.subarray(this.#at, this.#at + filled);
    this.#at += filled;
    if (whole.subarray(count).some((octet) => octet !== 0)) throw new RangeError('filling that is not zero');
    return whole.subarray(0, count);
  }

  opaque(): Buffer {
    return this.fixed(this.u32());
  }

  text(): string {
    return this.opaque().toString();
  }

  /** `optional *next` lists: each item read by `read` while a `true` stands before it. RFC 4506 §4.19 */
  list<Item>(read: () => Item): Item[] {
    const items: Item[] = [];
    while (this.bool()) items.push(read());
    return items;
  }

  /** Throws unless all was read. */
  end(): void {
    if (this.left > 0) throw new RangeError(`${this.left} octets too many`);
  }
}

export interface Wanted {
  readonly xid?: number;
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly args?: Uint8Array;
  /** Flavour and body; AUTH_NONE where there is none. */
  readonly credential?: { readonly flavour: number; readonly body: Uint8Array };
  readonly verifier?: { readonly flavour: number; readonly body: Uint8Array };
  /** 2, but for tests of others. */
  readonly rpcVersion?: number;
}

const NONE = { flavour: 0, body: new Uint8Array(0) };

/** AUTH_SYS, as kernels send it. RFC 5531 §14 */
export function authSys(uid = 0, gid = 0, groups: readonly number[] = []): { flavour: number; body: Buffer } {
  const who = [xdr.u32(1), xdr.text('test'), xdr.u32(uid), xdr.u32(gid)];
  return { flavour: 1, body: args(...who, xdr.u32(groups.length), ...groups.map(xdr.u32)) };
}

/** A call's octets, without a mark. RFC 5531 §9 */
export function call(wanted: Wanted): Buffer {
  const { credential = NONE, verifier = NONE } = wanted;
  const numbers = [wanted.xid ?? 1, 0, wanted.rpcVersion ?? 2, wanted.program, wanted.version, wanted.procedure];
  const auth = [credential, verifier].flatMap(({ flavour, body }) => [xdr.u32(flavour), xdr.opaque(body)]);
  return args(...numbers.map(xdr.u32), ...auth, wanted.args ?? NONE.body);
}

const ACCEPTED = [
  'success',
  'program-unavailable',
  'program-mismatch',
  'procedure-unavailable',
  'garbage-arguments',
  'system-error',
] as const;

/** `range`: with the two mismatches. `why`: `auth_stat`, 2 is AUTH_REJECTEDCRED. */
export type RpcReply =
  | { readonly xid: number; readonly kind: 'success'; readonly results: Buffer }
  | { readonly xid: number; readonly kind: 'program-mismatch' | 'rpc-mismatch'; readonly range: [number, number] }
  | { readonly xid: number; readonly kind: 'auth-error'; readonly why: number }
  | { readonly xid: number; readonly kind: Exclude<(typeof ACCEPTED)[number], 'success' | 'program-mismatch'> };

/** Throws for what is no reply. RFC 5531 §9 */
export function parseReply(bytes: Uint8Array): RpcReply {
  const r = new Results(bytes);
  const xid = r.u32();
  if (r.u32() !== 1) throw new RangeError('not a reply');
  if (r.bool()) {
    if (!r.bool()) return whole(r, { xid, kind: 'rpc-mismatch', range: [r.u32(), r.u32()] });
    return whole(r, { xid, kind: 'auth-error', why: r.u32() });
  }
  if (r.u32() !== 0 || r.opaque().length > 0) throw new RangeError('a verifier that is not AUTH_NONE');
  const kind = ACCEPTED[r.u32()];
  if (kind === undefined) throw new RangeError('an unknown accept_stat');
  if (kind === 'success') return { xid, kind, results: Buffer.from(bytes).subarray(-r.left || bytes.length) };
  if (kind === 'program-mismatch') return whole(r, { xid, kind, range: [r.u32(), r.u32()] });
  return whole(r, { xid, kind });
}

function whole(r: Results, reply: RpcReply): RpcReply {
  r.end();
  return reply;
}

/** Results of a call that went well; throws what was said instead. */
export function resultsOf(reply: RpcReply): Results {
  if (reply.kind !== 'success') throw new Error(`the server said ${JSON.stringify(reply)}`);
  return new Results(reply.results);
}

/** `record` as it goes over TCP, in fragments of `fragmentBytes` at most. RFC 5531 §11 */
export function marked(record: Uint8Array, fragmentBytes = Math.max(1, record.length)): Buffer {
  const parts: Uint8Array[] = [];
  let at = 0;
  do {
    const part = record.subarray(at, at + fragmentBytes);
    at += part.length;
    parts.push(xdr.u32(part.length + (at >= record.length ? 2 ** 31 : 0)), part);
  } while (at < record.length);
  return Buffer.concat(parts);
}

/** The records that are whole in `stream`, and what is left of it. */
export function unmarked(stream: Buffer): { readonly records: readonly Buffer[]; readonly rest: Buffer } {
  const records: Buffer[] = [];
  let done = 0;
  let parts: Buffer[] = [];
  for (let at = 0; at + 4 <= stream.length; ) {
    const mark = stream.readUInt32BE(at);
    const bytes = mark % 2 ** 31;
    if (at + 4 + bytes > stream.length) break;
    parts.push(stream.subarray(at + 4, at + 4 + bytes));
    at += 4 + bytes;
    if (mark < 2 ** 31) continue;
    records.push(Buffer.concat(parts));
    parts = [];
    done = at;
  }
  return { records, rest: stream.subarray(done) };
}

export interface Where {
  readonly port: number;
  readonly address?: string;
  /** From where. */
  readonly localAddress?: string;
  /** Of each call; 5 seconds. */
  readonly timeoutMs?: number;
}

/** A connection that may have many calls under way; answers may come in any order. */
export class RpcClient {
  /** For tests that send what no client sends. */
  readonly socket: Socket;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<number, { give: (reply: RpcReply) => void; fail: (why: Error) => void }>();
  #pieces: Buffer[] = [];
  #held = 0;
  #needed = 4;
  #nextXid = 1;

  private constructor(socket: Socket, timeoutMs: number) {
    this.socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => {});
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  static async to({ port, address = '127.0.0.1', localAddress, timeoutMs = 5000 }: Where): Promise<RpcClient> {
    const socket = connectTcp({ port, host: address, noDelay: true, ...(localAddress && { localAddress }) });
    const late = setTimeout(() => socket.destroy(new Error('no connection in time')), timeoutMs);
    await once(socket, 'connect').finally(() => clearTimeout(late));
    return new RpcClient(socket, timeoutMs);
  }

  /** Rejects when nothing comes in time, or when the connection ends. */
  ask(wanted: Wanted): Promise<RpcReply> {
    const xid = wanted.xid ?? this.#nextXid++;
    return this.askRaw(xid, marked(call({ ...wanted, xid })));
  }

  /** What `octets`, marks included, are answered with under `xid`. */
  async askRaw(xid: number, octets: Uint8Array): Promise<RpcReply> {
    const { promise, resolve, reject } = Promise.withResolvers<RpcReply>();
    const late = setTimeout(() => reject(new Error(`no answer to ${xid} in time`)), this.#timeoutMs);
    this.#waiting.set(xid, { give: resolve, fail: reject });
    this.socket.write(octets);
    return await promise.finally(() => {
      clearTimeout(late);
      this.#waiting.delete(xid);
    });
  }

  async close(): Promise<void> {
    if (this.socket.closed) return;
    this.socket.destroy();
    await once(this.socket, 'close');
  }

  /** Joins pieces only when as much is there as the mark in front promises. */
  #take(chunk: Buffer): void {
    this.#pieces.push(chunk);
    this.#held += chunk.length;
    while (this.#held >= this.#needed) {
      const { records, rest } = unmarked(Buffer.concat(this.#pieces));
      this.#pieces = [rest];
      this.#held = rest.length;
      this.#needed = rest.length < 4 ? 4 : Math.max(rest.length + 1, (rest.readUInt32BE() % 2 ** 31) + 4);
      for (const record of records) this.#give(record);
    }
  }

  #give(record: Buffer): void {
    try {
      const reply = parseReply(record);
      const waiting = this.#waiting.get(reply.xid);
      if (!waiting) throw new Error(`an answer that nobody waits for: ${JSON.stringify(reply)}`);
      waiting.give(reply);
    } catch (e) {
      this.#fail(e instanceof Error ? e : new Error(String(e)));
    }
  }

  #fail(why: Error): void {
    for (const { fail } of this.#waiting.values()) fail(why);
  }
}

/** One call over UDP; undefined when nothing comes within `timeoutMs`. */
export async function askUdp(where: Where, wanted: Wanted): Promise<RpcReply | undefined> {
  const reply = await askUdpRaw(where, call(wanted));
  return reply && parseReply(reply);
}

/** One datagram, and the first that comes back. */
export async function askUdpRaw(where: Where, octets: Uint8Array): Promise<Buffer | undefined> {
  const { port, address = '127.0.0.1', localAddress = '0.0.0.0', timeoutMs = 5000 } = where;
  const socket = createSocket('udp4');
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
  socket.on('message', resolve);
  socket.on('error', reject);
  const late = setTimeout(() => resolve(undefined), timeoutMs);
  socket.bind(0, localAddress, () => socket.send(octets, port, address));
  return await promise.finally(() => {
    clearTimeout(late);
    socket.close();
  });
}
