/** What a portmapper that keeps registrations is asked, and what it says: rpcbind, version 3. RFC 1833 §2, RFC 5531 §9. */
import { type Endpoint, parseIpv4, UNSPECIFIED } from '../core/addr.ts';
import { Malformed } from '../core/bytes.ts';
import { PORTMAP_PROGRAM, type Registration, universalAddress } from './portmap.ts';
import { XdrReader, XdrWriter } from './xdr.ts';

/** `rpcb`, RFC 1833 §2.1: a program as a portmapper lists it. */
export interface Mapping {
  readonly program: number;
  readonly version: number;
  /** `tcp`, `udp`, `tcp6`, `local`. */
  readonly netid: string;
  /** A universal address, RFC 5665 §5.2.3. */
  readonly address: string;
  /** A user, in whichever words. */
  readonly owner: string;
}

/** RFC 1833 §2.2.1 */
const PROCEDURES = { set: 1, unset: 2, dump: 4 } as const;
const RPCBIND_VERSION = 3;
/** RFC 5531 §9 */
const [CALL, REPLY, RPC_VERSION, AUTH_NONE, ACCEPTED, SUCCESS] = [0, 1, 2, 0, 0, 0];
/** The same: `opaque_auth` has so much at most. */
const MAX_AUTH_BYTES = 400;
/** Programs in one list; a file server has some fifty. Taste. */
const MAX_MAPPINGS = 1024;
/** Of any of a mapping's texts. Taste. */
const MAX_TEXT_BYTES = 256;

/** DUMP has no arguments. */
export function encodeCall(xid: number, procedure: keyof typeof PROCEDURES, mapping?: Mapping): Uint8Array {
  const w = new XdrWriter();
  w.u32(xid).u32(CALL).u32(RPC_VERSION);
  w.u32(PORTMAP_PROGRAM).u32(RPCBIND_VERSION).u32(PROCEDURES[procedure]);
  for (const _of of ['cred', 'verf']) w.u32(AUTH_NONE).u32(0);
  if (mapping === undefined) return w.bytes();
  const { program, version, netid, address, owner } = mapping;
  return w.u32(program).u32(version).text(netid).text(address).text(owner).bytes();
}

/** `refused`: the procedure is not for us, or not known there. */
export type PortmapperReply =
  | { readonly kind: 'done'; readonly xid: number; readonly results: XdrReader }
  | { readonly kind: 'refused'; readonly xid: number };

/** Throws `Malformed`. */
export function decodeReply(record: Uint8Array): PortmapperReply {
  const r = new XdrReader(record);
  const xid = r.u32('xid');
  if (r.u32('mtype') !== REPLY) throw new Malformed('mtype: not a reply', 4);
  if (r.u32('reply_stat') !== ACCEPTED) return { kind: 'refused', xid };
  r.u32('verf.flavor');
  r.opaque(MAX_AUTH_BYTES, 'verf.body');
  return r.u32('accept_stat') === SUCCESS ? { kind: 'done', xid, results: r } : { kind: 'refused', xid };
}

/** DUMP's results. Throws `Malformed`, also for more than any machine has. */
export function decodeMappings(r: XdrReader): readonly Mapping[] {
  const mappings: Mapping[] = [];
  while (r.bool('more')) {
    if (mappings.length === MAX_MAPPINGS) throw new Malformed(`more than ${MAX_MAPPINGS} mappings`, 0);
    mappings.push({
      program: r.u32('r_prog'),
      version: r.u32('r_vers'),
      netid: r.text(MAX_TEXT_BYTES, 'r_netid'),
      address: r.text(MAX_TEXT_BYTES, 'r_addr'),
      owner: r.text(MAX_TEXT_BYTES, 'r_owner'),
    });
  }
  return mappings;
}

/** For all of this machine's addresses: who asks is told the one that he asked at. `owner` is for whoever reads the list; rpcbind sees itself who asks. */
export function mappingOf({ program, version, transport, port }: Registration, owner: string): Mapping {
  return { program, version, netid: transport, address: universalAddress(UNSPECIFIED, port), owner };
}

export function isSameProgram(a: Mapping, b: Mapping): boolean {
  return a.program === b.program && a.version === b.version && a.netid === b.netid;
}

/** `0.0.0.0.8.1` as address and port 2049; undefined for what is none of IPv4. */
export function parseUniversal(text: string): Endpoint | undefined {
  const [, host = '', high, low] = /^(\d+\.\d+\.\d+\.\d+)\.(\d{1,3})\.(\d{1,3})$/.exec(text) ?? [];
  const address = parseIpv4(host);
  const octets = [Number(high), Number(low)];
  if (address === undefined || octets.some((octet) => octet > 255)) return undefined;
  return { address, port: Number(high) * 256 + Number(low) };
}
