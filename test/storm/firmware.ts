/** One simulated machine: real firmware's packets, its time-outs at a quarter, and what it was told. */
import { type Ipv4, type Mac, UNSPECIFIED } from '../../src/core/addr.ts';
import { OPTION, ofIpv4, readIpv4, readText, readU8 } from '../../src/dhcp/options.ts';
import { type DhcpPacket, decode, encode } from '../../src/dhcp/packet.ts';
import { MESSAGE } from '../../src/dhcp/reply.ts';
import { golden } from '../support/dhcp.ts';

/** Firmware whose packets were captured, with how it loads: each machine of the storm is one of these. */
export const KINDS = ['bios-plain', 'bios-ipxe', 'uefi', 'uefi-http', 'ia32', 'arm64'] as const;
export type Kind = (typeof KINDS)[number];

export interface Told {
  readonly type: 'offer' | 'ack' | 'nak';
  readonly atMs: number;
  readonly attempt: number;
  readonly address: Ipv4;
  /** `siaddr`. */
  readonly node: Ipv4;
  readonly bootFile: string;
}

export interface Told200 {
  readonly mac: Mac;
  readonly kind: Kind;
  readonly told: readonly Told[];
  /** The node that its menu came from. */
  readonly bootedFrom: Ipv4 | undefined;
  readonly attempts: number;
  readonly sent: number;
}

export interface World {
  now(): number;
  after(ms: number, then: () => void): void;
  send(bytes: Uint8Array): void;
  /** Fetches a menu from that node; false when it cannot be had. */
  fetchMenu(node: Ipv4, mac: Mac): Promise<boolean>;
}

/** Firmware asks 4, 8, 16 and 32 s apart; here it is in a hurry. */
const RESEND_MS = [1000, 2000, 4000, 8000];
const MAX_ATTEMPTS = 8;
/** A person sees the error and presses the button again. */
const REBOOT_MS = 2500;

export class Firmware {
  readonly mac: Mac;
  readonly kind: Kind;
  readonly told: Told[] = [];
  bootedFrom: Ipv4 | undefined;
  attempts = 0;
  sent = 0;
  readonly #world: World;
  readonly #number: number;
  #xid = 0;
  #waitsFor: 'offer' | 'ack' | undefined;
  #onEnd = (): void => {};

  constructor(number: number, world: World) {
    this.#number = number;
    this.#world = world;
    this.kind = KINDS[number % KINDS.length] ?? 'uefi';
    this.mac = `52:54:00:7e:${octet(Math.floor(number / 256))}:${octet(number % 256)}` as Mac;
  }

  /** Resolves when it has booted, or given up. */
  boot(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEnd = resolve;
      this.#discover();
    });
  }

  /** Any datagram of the LAN. */
  hear(packet: DhcpPacket): void {
    if (packet.xid !== this.#xid || packet.op !== 2) return;
    const type = ({ [MESSAGE.offer]: 'offer', [MESSAGE.ack]: 'ack', [MESSAGE.nak]: 'nak' } as const)[
      readU8(packet.options.get(OPTION.messageType)) ?? 0
    ];
    if (!type) return;
    const bootFile = readText(packet.options.get(OPTION.bootFileName)) ?? '';
    this.told.push({
      ...{ type, atMs: this.#world.now(), attempt: this.attempts },
      ...{ address: packet.yiaddr, node: packet.siaddr, bootFile },
    });
    if (type === 'offer' && this.#waitsFor === 'offer') this.#request(packet);
    else if (type === 'ack' && this.#waitsFor === 'ack') void this.#load(packet);
    else if (type === 'nak' && this.#waitsFor === 'ack') this.#again();
  }

  get result(): Told200 {
    const { mac, kind, told, bootedFrom, attempts, sent } = this;
    return { mac, kind, told, bootedFrom, attempts, sent };
  }

  #discover(): void {
    this.attempts += 1;
    if (this.attempts > MAX_ATTEMPTS) {
      this.#onEnd();
      return;
    }
    // One exchange, one number; unlike every other machine's.
    this.#xid = 0x10_0000 * this.attempts + this.#number;
    this.#waitsFor = 'offer';
    this.#keepSending(this.#packet('discover', []));
  }

  #request(offer: DhcpPacket): void {
    this.#waitsFor = 'ack';
    const server = readIpv4(offer.options.get(OPTION.serverIdentifier)) ?? UNSPECIFIED;
    this.#keepSending(
      this.#packet('request', [
        [OPTION.requestedAddress, ofIpv4(offer.yiaddr)],
        [OPTION.serverIdentifier, ofIpv4(server)],
      ]),
    );
  }

  async #load(ack: DhcpPacket): Promise<void> {
    this.#waitsFor = undefined;
    if (!(await this.#world.fetchMenu(ack.siaddr, this.mac))) return this.#again();
    this.bootedFrom = ack.siaddr;
    this.#onEnd();
  }

  #again(): void {
    this.#waitsFor = undefined;
    this.#world.after(REBOOT_MS, () => this.#discover());
  }

  #keepSending(bytes: Uint8Array): void {
    const stage = this.#waitsFor;
    const { attempts } = this;
    const send = (tries: number): void => {
      if (this.#waitsFor !== stage || this.attempts !== attempts) return;
      const pause = RESEND_MS[tries];
      if (pause === undefined) this.#discover();
      else {
        this.sent += 1;
        this.#world.send(bytes);
        this.#world.after(pause, () => send(tries + 1));
      }
    };
    send(0);
  }

  /** The captured packet with this machine's MAC, UUID and number. */
  #packet(type: 'discover' | 'request', options: readonly (readonly [number, Uint8Array])[]): Uint8Array {
    const captured = decode(golden(`${this.kind}-${type}`));
    const chaddr = new Uint8Array(16);
    chaddr.set(Buffer.from(this.mac.replaceAll(':', ''), 'hex'));
    const all = new Map(captured.options);
    if (all.has(OPTION.clientIdentifier)) all.set(OPTION.clientIdentifier, Uint8Array.of(1, ...chaddr.subarray(0, 6)));
    if (all.has(OPTION.clientMachineIdentifier)) all.set(OPTION.clientMachineIdentifier, uuidOf(this.#number));
    for (const [code, value] of options) all.set(code, value);
    return encode({ ...captured, xid: this.#xid, chaddr, options: all }, { maxBytes: 1400, mayOverload: false });
  }
}

const octet = (value: number): string => value.toString(16).padStart(2, '0');

/** Option 97: type 0, then sixteen octets. */
function uuidOf(number: number): Uint8Array {
  const bytes = new Uint8Array(17).fill(0xf1);
  bytes.set([0, number % 256, Math.floor(number / 256) % 256]);
  return bytes;
}
