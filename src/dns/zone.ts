/** Names of the hall: flink, nodes, machines by their DHCP names, records of the operator, and the reverse of all. */
import { encode, type SoaData, type StringAnswer } from 'dns-packet';
import type { Ipv4, Subnet } from '../core/addr.ts';
import { ByteWriter } from '../core/bytes.ts';
import { type Datum, type Finding, findHall, findSpecial } from './hall.ts';
import type { Query } from './query.ts';
import type { Reply } from './reply.ts';
import { FLAG, HEADER_OCTETS, OPT_OCTETS, QUESTION_TAIL_OCTETS, RCODE, setOpt } from './wire.ts';

/** What the hall's names are; asked anew for each question. The same object for as long as what does not change stays the same. */
export interface HallNames {
  /** `flisol.lan`. */
  readonly domain: string;
  readonly self: Ipv4;
  /** The LAN and the subnets behind relays: whose reverse names are ours. */
  readonly networks: readonly Subnet[];
  /** `name` with or without the domain, lower case. */
  readonly records: readonly { readonly name: string; readonly address: Ipv4 }[];
  /** Nodes with a name and an address, live or not; at most some hundreds. The same array for as long as nothing changed. */
  nodes(): readonly { readonly name: string; readonly address: Ipv4; readonly isLive: boolean }[];
  /** Name of the node that the client with that address boots from. */
  nodeOf(client: Ipv4): string | undefined;
  /** Of a machine that has that name now, by its lease or by the operator: one label, lower case. */
  addressOf(hostname: string): Ipv4 | undefined;
  hostnameOf(address: Ipv4): string | undefined;
  /** Whether `mirror` is flink, too, where nobody else is called so; not where nothing is said. */
  isMirrorServed?(): boolean;
}

/** Where the client is, and how often `fnode` was asked for: what turns the list. */
export interface ZoneAsker {
  readonly client: Ipv4;
  readonly turn: number;
}

/** What is the hall's own, that it is not there included; before everything else. */
export function answerHall(query: Query, names: HallNames, asker: ZoneAsker): Reply | undefined {
  const finding = findHall(query.name, query.type, names, asker);
  return finding && replyOf(query, finding, names);
}

/** What nobody may be asked but an upstream that is configured for it: `special.ts`. */
export function answerSpecial(query: Query, names: HallNames): Reply | undefined {
  const finding = findSpecial(query.name, query.type, names);
  return finding && replyOf(query, finding, names);
}

/** Whoever answers for the hall has authority over it. RFC 1035 §4.1.1; RFC 6303 §3 for zones that everybody has. */
const FLAGS = FLAG.qr | FLAG.aa | FLAG.ra;
const POINTER = 0xc000;
/** Type and class, counted from a name that is a pointer. */
const TTL_AT = 6;
const RECORD_HINT_OCTETS = 16;

/** `id`, the client's flags and what its OPT wants are `fit`'s. */
function replyOf({ bytes, questionEnd, name }: Query, finding: Finding, names: HallNames): Reply {
  const { kind, ttlSec } = finding;
  const isFound = kind === 'found';
  const data = isFound ? finding.data : [SOA];
  // What owns the records is the question's name or above it, so a pointer into the question is enough. RFC 1035 §4.1.4.
  const zone = isFound ? name : finding.zone;
  const owner = POINTER | (questionEnd - QUESTION_TAIL_OCTETS - zone.length);
  const w = new ByteWriter(questionEnd + data.length * RECORD_HINT_OCTETS + OPT_OCTETS);
  w.u16(0).u16(FLAGS | (kind === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR));
  w.u16(1)
    .u16(isFound ? data.length : 0)
    .u16(isFound ? 0 : 1)
    .u16(1);
  w.put(bytes.subarray(HEADER_OCTETS, questionEnd));
  const ttlsAt: number[] = [];
  for (const datum of data) {
    ttlsAt.push(w.length + TTL_AT);
    w.u16(owner).put(recordOf(datum, ttlSec, names));
  }
  const optAt = w.length;
  return { bytes: w.put(OUR_OPT).bytes(), optAt, questionEnd, ttlsAt, ttlsSec: data.map(() => ttlSec) };
}

const SOA: Datum = { type: 'SOA' };

const OUR_OPT = new Uint8Array(OPT_OCTETS);
setOpt(OUR_OPT, 0);

/** What follows a record's name. dns-packet never points to a name that was before; of the root it makes one octet, which is cut off. */
function recordOf(datum: Datum, ttl: number, names: HallNames): Uint8Array {
  const record =
    datum.type === 'SOA'
      ? ({ type: 'SOA', name: '.', ttl, data: authority(names.domain, ttl) } as const)
      : ({ type: datum.type, name: '.', ttl, data: datum.data } satisfies StringAnswer);
  return encode({ type: 'response', answers: [record] }).subarray(HEADER_OCTETS + 1);
}

/** RFC 6303 §3, in which nobody reads mail, with a shorter memory: RFC 2308 §5 keeps what is not there for `minimum`. */
function authority(domain: string, minimum: number): SoaData {
  const mname = `flink.${domain}`;
  return { mname, rname: 'nobody.invalid', serial: 1, refresh: 3600, retry: 1200, expire: 604_800, minimum };
}
