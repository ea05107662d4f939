/** A TFTP client for tests, written from the RFCs without the server's code, on the fake network and the fake clock. */
import type { Endpoint, Ipv4 } from '../../src/core/addr.ts';
import type { UdpSocket } from '../../src/host.ts';
import type { FakeHost } from '../support/fakes.ts';

export const SERVER = { address: '172.16.0.1' as Ipv4, port: 69 };

export interface Download {
  readonly from?: Endpoint;
  readonly to?: Endpoint;
  readonly mode?: string;
  readonly options?: Readonly<Record<string, string | number>>;
  /** What the link makes of packets that arrive together, in either direction. */
  readonly link?: (packets: readonly Uint8Array[]) => readonly Uint8Array[];
  /** How long the client waits before it repeats what it said last. */
  readonly patienceMs?: number;
  /** Given up after so long. */
  readonly limitMs?: number;
  /** Called with each block that counts. */
  readonly onBlock?: (count: number) => void;
}

export interface Downloaded {
  readonly bytes: Uint8Array;
  readonly options: Readonly<Record<string, string>>;
  readonly error: { readonly code: number; readonly message: string } | undefined;
  readonly isComplete: boolean;
  readonly tookMs: number;
  /** Where the transfer came from. */
  readonly peer: Endpoint | undefined;
}

let nextPort = 20_000;
export const clientAt = (address: string, port = nextPort++): Endpoint => ({ address: address as Ipv4, port });

export function request(opcode: number, name: string, mode: string, options: Download['options'] = {}): Uint8Array {
  const strings = [name, mode, ...Object.entries(options).flatMap(([key, value]) => [key, String(value)])];
  return Buffer.concat([Buffer.from([0, opcode]), Buffer.from(strings.map((s) => `${s}\0`).join(''), 'latin1')]);
}
export const ackOf = (block: number): Uint8Array => Buffer.from([0, 4, (block >> 8) & 255, block & 255]);
export const errorOf = (code: number, message: string): Uint8Array =>
  Buffer.concat([Buffer.from([0, 5, 0, code]), Buffer.from(`${message}\0`, 'latin1')]);

/** Lets everything that waits for nothing but its turn happen. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Reads `name` to the end, an ERROR, or the limit: about a millisecond of fake time for each round trip. */
export async function download(host: FakeHost, name: string, wanted: Download = {}): Promise<Downloaded> {
  const startedMs = host.clock.now();
  const client = new Reader(wanted);
  const from = wanted.from ?? clientAt('172.16.0.50');
  let inbox: Uint8Array[] = [];
  const socket = await host.udp.bind(from, (bytes, sender) => {
    if (client.accepts(sender)) inbox.push(Uint8Array.from(bytes));
  });
  const link = wanted.link ?? ((packets) => packets);
  const say = (packets: readonly Uint8Array[]): void => {
    for (const packet of link(packets)) socket.send(packet, client.peer ?? wanted.to ?? SERVER);
  };
  const rrq = request(1, name, wanted.mode ?? 'octet', wanted.options);
  let quietMs = 0;
  say([rrq]);
  while (!client.isOver && host.clock.now() - startedMs < (wanted.limitMs ?? 60_000)) {
    await settle();
    const arrived = link(inbox);
    inbox = [];
    const answers = arrived.flatMap((packet) => client.hear(packet) ?? []);
    quietMs = arrived.length > 0 ? 0 : quietMs + 1;
    if (quietMs >= (wanted.patienceMs ?? 1000)) {
      quietMs = 0;
      answers.push(client.again() ?? rrq);
    }
    say(answers);
    host.clock.advance(1);
  }
  await settle();
  await socket.close();
  return client.result(host.clock.now() - startedMs);
}

/** The receiving side: in order, one ACK for each window or gap. RFC 1350 §2, RFC 7440 §4. */
class Reader {
  peer: Endpoint | undefined;
  #options: Record<string, string> = {};
  #error: { code: number; message: string } | undefined;
  readonly #blocks: Uint8Array[] = [];
  readonly #onBlock: (count: number) => void;
  #blockBytes = 512;
  #window = 1;
  #sinceAck = 0;
  #hasGap = false;
  #isComplete = false;

  constructor({ onBlock }: Download) {
    this.#onBlock = onBlock ?? (() => {});
  }

  get isOver(): boolean {
    return this.#isComplete || this.#error !== undefined;
  }

  accepts(sender: Endpoint): boolean {
    this.peer ??= sender.port === SERVER.port ? undefined : sender;
    return this.peer === undefined || (sender.address === this.peer.address && sender.port === this.peer.port);
  }

  /** What to say again after silence; nothing where there was no answer at all. */
  again(): Uint8Array | undefined {
    return this.peer ? this.#ack() : undefined;
  }

  hear(packet: Uint8Array): Uint8Array | undefined {
    if (this.#isComplete) return this.#ack();
    const [opcode, number, rest] = [packet[1], (packet[2] ?? 0) * 256 + (packet[3] ?? 0), packet.subarray(4)];
    if (opcode === 5) this.#error = { code: number, message: Buffer.from(rest).toString('latin1').replace(/\0.*/, '') };
    if (opcode === 6) return this.#agree(packet);
    return opcode === 3 ? this.#take(number, rest) : undefined;
  }

  result(tookMs: number): Downloaded {
    return {
      bytes: Uint8Array.from(Buffer.concat(this.#blocks)),
      options: this.#options,
      error: this.#error,
      isComplete: this.#isComplete,
      tookMs,
      peer: this.peer,
    };
  }

  #agree(packet: Uint8Array): Uint8Array {
    const strings = Buffer.from(packet.subarray(2)).toString('latin1').split('\0');
    for (let i = 0; i + 1 < strings.length; i += 2) this.#options[strings[i] ?? ''] = strings[i + 1] ?? '';
    const lower = Object.fromEntries(Object.entries(this.#options).map(([k, v]) => [k.toLowerCase(), Number(v)]));
    this.#blockBytes = lower.blksize ?? 512;
    this.#window = lower.windowsize ?? 1;
    return this.#ack();
  }

  #take(number: number, data: Uint8Array): Uint8Array | undefined {
    const ahead = (number - ((this.#blocks.length + 1) % 65_536) + 65_536) % 65_536;
    if (ahead !== 0) {
      // A block again: the ACK was lost, or came late. A block too early: one is missing, said once.
      const isAgain = ahead === 65_535;
      if (!isAgain && (ahead > 32_768 || this.#hasGap)) return undefined;
      this.#hasGap = !isAgain;
      return this.#ack();
    }
    this.#blocks.push(data);
    this.#onBlock(this.#blocks.length);
    this.#hasGap = false;
    this.#sinceAck += 1;
    this.#isComplete = data.length < this.#blockBytes;
    return this.#isComplete || this.#sinceAck >= this.#window ? this.#ack() : undefined;
  }

  #ack(): Uint8Array {
    this.#sinceAck = 0;
    return ackOf(this.#blocks.length % 65_536);
  }
}

/** What a socket at `from` hears, until it is closed. It never answers by itself. */
export async function listener(
  host: FakeHost,
  from: Endpoint,
): Promise<{ heard: Uint8Array[]; senders: Endpoint[]; socket: UdpSocket }> {
  const heard: Uint8Array[] = [];
  const senders: Endpoint[] = [];
  const socket = await host.udp.bind(from, (bytes, sender) => {
    heard.push(Uint8Array.from(bytes));
    senders.push(sender);
  });
  return { heard, senders, socket };
}
