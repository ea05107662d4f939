/** Machines that come, stay, go and sleep, and remember what they were promised: whoever breaks a promise is found out. */
import dgram from 'node:dgram';
import { type Ipv4, type Mac, macFromBytes } from '../../src/core/addr.ts';
import { OPTION, readIpv4, readU8, readU32 } from '../../src/dhcp/options.ts';
import { type DhcpPacket, decode, encode } from '../../src/dhcp/packet.ts';
import { MESSAGE } from '../../src/dhcp/reply.ts';
import { literalLookup } from '../../src/host/system.ts';
import { type Made, macNumber, message } from '../support/dhcp.ts';
import { MACHINES, RELAYED, SERVER } from './killhall.ts';

interface Held {
  readonly mac: Mac;
  readonly address: Ipv4;
  /** By the client's count, which begins when it asked: RFC 2131 §4.4.1. */
  readonly untilMs: number;
}

/** What a machine has asked last. */
interface Asked {
  readonly xid: number;
  readonly atMs: number;
  /** The address that it has and wants confirmed. */
  readonly confirms: Ipv4 | undefined;
  readonly onAnswer: (kind: 'ack' | 'nak') => void;
}

/** A lease that ends while its renewal is on its way proves nothing. */
const MARGIN_MS = 1500;
/** Who has less time than this has not enough to ask again and again on a busy machine. */
const PATIENCE_MS = 8000;
const ANSWER_MS = 500;

export class KillClients {
  readonly faults: string[] = [];
  acks = 0;
  readonly #random: () => number;
  readonly #socket = dgram.createSocket({ type: 'udp4', lookup: literalLookup });
  readonly #held = new Map<Ipv4, Held>();
  readonly #addressOf = new Map<Mac, Ipv4>();
  readonly #asked = new Map<Mac, Asked>();
  /** Switched off without a word: their leases run out. */
  readonly #asleep = new Map<Mac, number>();
  #xid = 1;

  constructor(random: () => number) {
    this.#random = random;
    this.#socket.on('message', (bytes) => this.#onReply(decode(bytes)));
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.bind({ address: RELAYED, port: 67 }, resolve));
  }

  close(): void {
    this.#socket.close();
  }

  get held(): number {
    return this.#running().length;
  }

  /** One machine does something. */
  act(): void {
    const mac = macNumber(Math.floor(this.#random() * MACHINES));
    if ((this.#asleep.get(mac) ?? 0) > performance.now()) return;
    const held = this.#heldBy(mac);
    const what = this.#random();
    if (!held || what < 0.15) this.#discover(mac);
    else if (what < 0.3) this.#release(held);
    else if (what < 0.35) this.#asleep.set(mac, held.untilMs);
    else this.#confirm(held, what < 0.5);
  }

  /** After a start: everybody asks whether what it was promised still holds, until it hears or has nothing to ask for any longer. */
  async confirmAll(): Promise<number> {
    const all = this.#running().filter(({ untilMs }) => untilMs > performance.now() + PATIENCE_MS);
    const left = new Set(all);
    while (left.size > 0) {
      await Promise.race([
        Promise.all([...left].map((held) => this.#confirmed(held).then(() => left.delete(held)))),
        new Promise((resolve) => setTimeout(resolve, ANSWER_MS)),
      ]);
      const late = [...left].filter(({ untilMs }) => untilMs < performance.now() + MARGIN_MS);
      for (const held of late) {
        left.delete(held);
        this.faults.push(`${held.mac} asked for its ${held.address} until it had it no more, and heard nothing`);
      }
    }
    return all.length;
  }

  #running(): readonly Held[] {
    return [...this.#held.values()].filter(({ untilMs }) => untilMs > performance.now() + MARGIN_MS);
  }

  #heldBy(mac: Mac): Held | undefined {
    const address = this.#addressOf.get(mac);
    const held = address === undefined ? undefined : this.#held.get(address);
    return held?.mac === mac && held.untilMs > performance.now() + MARGIN_MS ? held : undefined;
  }

  /** A machine that starts anew has no address. */
  #discover(mac: Mac): void {
    this.#letGo(mac);
    this.#send(mac, 'discover', {}, undefined, () => {});
  }

  #release({ mac, address }: Held): void {
    this.#letGo(mac);
    this.#send(mac, 'release', { ciaddr: address, server: SERVER }, undefined, () => {});
  }

  #confirm(held: Held, isReboot: boolean, onAnswer: (kind: 'ack' | 'nak') => void = () => {}): void {
    const { mac, address } = held;
    this.#send(mac, 'request', isReboot ? { requested: address } : { ciaddr: address }, address, onAnswer);
  }

  #confirmed(held: Held): Promise<void> {
    return new Promise((resolve) => this.#confirm(held, this.#random() < 0.5, () => resolve()));
  }

  #letGo(mac: Mac): void {
    const address = this.#addressOf.get(mac);
    if (address !== undefined && this.#held.get(address)?.mac === mac) this.#held.delete(address);
    this.#addressOf.delete(mac);
  }

  #send(
    mac: Mac,
    type: keyof typeof MESSAGE,
    made: Made,
    confirms: Ipv4 | undefined,
    onAnswer: Asked['onAnswer'],
  ): void {
    const xid = this.#xid++;
    this.#asked.set(mac, { xid, atMs: performance.now(), confirms, onAnswer });
    const packet = { ...message(type, { ...made, mac, giaddr: RELAYED }), xid };
    this.#socket.send(encode(packet), 67, SERVER);
  }

  #onReply(packet: DhcpPacket): void {
    const mac = macFromBytes(packet.chaddr);
    const asked = this.#asked.get(mac);
    if (asked?.xid !== packet.xid) return;
    const kind = readU8(packet.options.get(OPTION.messageType));
    if (kind === MESSAGE.offer) {
      this.#send(mac, 'request', { requested: packet.yiaddr, server: SERVER }, undefined, () => {});
    } else if (kind === MESSAGE.ack) this.#onAck(mac, packet, asked);
    else if (kind === MESSAGE.nak) {
      if (asked.confirms !== undefined && this.#heldBy(mac))
        this.faults.push(`${mac} had ${asked.confirms} and was refused`);
      asked.onAnswer('nak');
    }
  }

  #onAck(mac: Mac, packet: DhcpPacket, asked: Asked): void {
    this.acks += 1;
    const address = packet.yiaddr;
    const leaseSec = readU32(packet.options.get(OPTION.leaseTime)) ?? 0;
    if (asked.confirms !== undefined && address !== asked.confirms)
      this.faults.push(`${mac} had ${asked.confirms}, got ${address}`);
    if (readIpv4(packet.options.get(OPTION.serverIdentifier)) !== SERVER || leaseSec === 0)
      this.faults.push(`${mac}: no lease`);
    const other = this.#held.get(address);
    if (other && other.mac !== mac && other.untilMs > performance.now()) {
      this.faults.push(`${address} was given to ${mac} while ${other.mac} has it`);
    }
    this.#letGo(mac);
    this.#held.set(address, { mac, address, untilMs: asked.atMs + leaseSec * 1000 });
    this.#addressOf.set(mac, address);
    asked.onAnswer('ack');
  }
}
