/** Answers without records: the header, the question in the client's letters, and an OPT for who sent one. RFC 1035 §4.1.1, RFC 6891 §7. */
import { ByteWriter, pairAt } from '../core/bytes.ts';
import { AT, DO_OCTET, EDNS_UDP_BYTES, FLAG, HEADER_OCTETS, OPT_OCTETS, TYPE } from './wire.ts';

export interface Empty {
  /** The client's packet. */
  readonly bytes: Uint8Array;
  /** 12 where no question could be read: none is repeated then. */
  readonly questionEnd: number;
  readonly hasEdns: boolean;
  readonly isDnssec: boolean;
}

export const EDE_OCTETS = 6;
/** RFC 8914 §2. */
export const EDE_OPTION = 15;

/** What of the client's flags comes back: RFC 1035 §4.1.1, and RFC 4035 §3.2.2 for CD. */
const ECHOED = FLAG.opcode | FLAG.rd | FLAG.cd;

/** `rcode` to 4095, its upper bits in OPT; `flags` beside those that every answer has. `records`: one answer record, for RFC 8482. */
export function emptyAnswer(
  to: Empty,
  rcode: number,
  flags = 0,
  more: { readonly ede?: number | undefined; readonly answer?: Uint8Array } = {},
): Uint8Array {
  const answer = more.answer ?? NOTHING;
  const w = new ByteWriter(to.questionEnd + answer.length + OPT_OCTETS + EDE_OCTETS);
  w.u16(pairAt(to.bytes, AT.id));
  w.u16(FLAG.qr | FLAG.ra | (pairAt(to.bytes, AT.flags) & ECHOED) | flags | (rcode & FLAG.rcode));
  w.u16(to.questionEnd > HEADER_OCTETS ? 1 : 0)
    .u16(answer.length > 0 ? 1 : 0)
    .u16(0)
    .u16(to.hasEdns ? 1 : 0);
  w.put(to.bytes.subarray(HEADER_OCTETS, to.questionEnd)).put(answer);
  if (to.hasEdns) putOpt(w, rcode, to.isDnssec, more.ede);
  return w.bytes();
}

const NOTHING = new Uint8Array(0);

function putOpt(w: ByteWriter, rcode: number, isDnssec: boolean, ede: number | undefined): void {
  w.u8(0).u16(TYPE.opt).u16(EDNS_UDP_BYTES);
  w.u8(rcode >>> 4)
    .u8(0)
    .u8(isDnssec ? DO_OCTET : 0)
    .u8(0);
  if (ede === undefined) w.u16(0);
  else w.u16(EDE_OCTETS).u16(EDE_OPTION).u16(2).u16(ede);
}
