/** Addresses of a name for flink's own use, asked of its own resolver as a client of the hall would ask: the same names, lists and cache. */
import { ipv4FromNumber, LOOPBACK } from '../core/addr.ts';
import { ByteWriter, fromLatin1, pairAt, quadAt } from '../core/bytes.ts';
import type { Clock } from '../host.ts';
import { followAliases } from './chain.ts';
import type { OnQuestion } from './doors.ts';
import { type Message, nameAt, type RecordPlace, readMessage } from './message.ts';
import { wireName } from './names.ts';
import type { Name } from './query.ts';
import {
  CLASS_IN,
  FLAG,
  HEADER_OCTETS,
  LABEL_MAX_OCTETS,
  NAME_MAX_OCTETS,
  QUESTION_TAIL_OCTETS,
  RCODE,
} from './wire.ts';

/** IPv4 before IPv6, a dozen at most; none where there is no such name, or it has none. Rejects where nobody could say. */
export type Lookup = (name: string) => Promise<readonly string[]>;

/** More are of no use: each is tried for seconds. */
const MAX_ADDRESSES = 12;
/** IPv6 comes too late then: a server that never answers for AAAA must not hold up the others. RFC 8305 §3 waits 50 ms, for IPv4. */
const LATE_MS = 300;
const A = 1;
const AAAA = 28;
const IPV4_OCTETS = 4;
const IPV6_OCTETS = 16;

export function lookupOf(handle: OnQuestion, clock: Pick<Clock, 'after'>): Lookup {
  return (text) => {
    const name = nameOf(text);
    if (name === undefined) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const found = new Findings(text, clock, { resolve, reject });
      handle(
        questionOf(name, A),
        askerOf((bytes) => found.told('ipv4', readAnswer(bytes, name, A))),
      );
      handle(
        questionOf(name, AAAA),
        askerOf((bytes) => found.told('ipv6', readAnswer(bytes, name, AAAA))),
      );
    });
  };
}

/** What one answer says. */
type Said =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  /** NXDOMAIN: none of any type. RFC 8020 §2. */
  | { readonly kind: 'no-name' }
  | { readonly kind: 'failed'; readonly why: string };

interface Settling {
  readonly resolve: (addresses: readonly string[]) => void;
  readonly reject: (error: Error) => void;
}

/** The two answers, until enough is known. */
class Findings {
  readonly #name: string;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #settling: Settling;
  #ipv4: Said | undefined;
  #ipv6: Said | undefined;
  #cancel = (): void => {};

  constructor(name: string, clock: Pick<Clock, 'after'>, settling: Settling) {
    this.#name = name;
    this.#clock = clock;
    this.#settling = settling;
  }

  told(family: 'ipv4' | 'ipv6', said: Said): void {
    if (family === 'ipv4') this.#ipv4 = said;
    else this.#ipv6 = said;
    if (this.#ipv4?.kind === 'no-name' || (this.#ipv4 && this.#ipv6)) this.#settle();
    else if (addressesOf(this.#ipv4).length > 0) this.#cancel = this.#clock.after(LATE_MS, () => this.#settle());
  }

  /** What one family lacks the other may have; but that there is none is to be said of both. */
  #settle(): void {
    this.#cancel();
    const both = [this.#ipv4, this.#ipv6];
    const addresses = both.flatMap(addressesOf);
    const failed = both.find((said) => said?.kind === 'failed');
    if (addresses.length === 0 && failed && !both.some((said) => said?.kind === 'no-name')) {
      this.#settling.reject(new Error(`no address for ${this.#name}: ${failed.why}`));
    } else this.#settling.resolve(addresses.slice(0, MAX_ADDRESSES));
  }
}

function addressesOf(said: Said | undefined): readonly string[] {
  return said?.kind === 'addresses' ? said.addresses : [];
}

/** Nothing where it is no name that DNS can have: an empty label, one too long, more than 255 octets, letters beyond ASCII. */
function nameOf(text: string): Name | undefined {
  const labels = (text.endsWith('.') ? text.slice(0, -1) : text).split('.');
  const isSound = labels.every((label) => label !== '' && label.length <= LABEL_MAX_OCTETS);
  if (!isSound || text.length >= NAME_MAX_OCTETS || !/^[!-~]+$/.test(text)) return undefined;
  return wireName(text);
}

/** As stub resolvers ask: RD, no EDNS. */
function questionOf(name: Name, type: number): Uint8Array {
  const packet = new ByteWriter(HEADER_OCTETS + name.length + QUESTION_TAIL_OCTETS);
  packet.u16(0).u16(FLAG.rd).u16(1).zeros(6);
  return packet.put(fromLatin1(name)).u16(type).u16(CLASS_IN).bytes();
}

/** This machine, whom no limits of strangers meet; as by TCP: nothing is cut that need not be sent. The octets must be read at once. */
function askerOf(onAnswer: (bytes: Uint8Array | undefined) => void) {
  return { client: LOOPBACK, isTcp: true, answer: onAnswer, drop: () => onAnswer(undefined) };
}

function readAnswer(bytes: Uint8Array | undefined, name: Name, type: number): Said {
  const message = bytes && readMessage(bytes);
  if (!message || message.isTruncated) return { kind: 'failed', why: 'no answer that can be read' };
  if (message.rcode === RCODE.NXDOMAIN) return { kind: 'no-name' };
  if (message.rcode !== RCODE.NOERROR) return { kind: 'failed', why: 'no resolver could say' };
  const owner = followAliases(message, { name, type })?.names.at(-1);
  const records = message.records.filter((record) => record.section === 'answer' && record.type === type);
  const own = records.filter((record) => record.class === CLASS_IN && nameAt(message.bytes, record.at) === owner);
  return { kind: 'addresses', addresses: own.flatMap((record) => addressIn(message, record) ?? []) };
}

function addressIn({ bytes }: Message, { type, dataAt, end }: RecordPlace): string | undefined {
  if (end - dataAt !== (type === A ? IPV4_OCTETS : IPV6_OCTETS)) return undefined;
  return type === A ? ipv4FromNumber(quadAt(bytes, dataAt)) : ipv6At(bytes, dataAt);
}

/** As systems write it: the URL standard's serializer follows RFC 5952. */
function ipv6At(bytes: Uint8Array, at: number): string {
  const groups = Array.from({ length: IPV6_OCTETS / 2 }, (_, i) => pairAt(bytes, at + 2 * i).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
