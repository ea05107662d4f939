/** What stands behind a client's question: OPT, looked for and held against its rules. RFC 6891 §6.1. */
import { octetAt, pairAt } from '../core/bytes.ts';
import { DO_OCTET, endOfName, endOfRecord, FIXED_OCTETS, NO_OPT, OPT, TYPE } from './wire.ts';

/** As many records are looked at. A client sends one or two: OPT, a signature. */
const MAX_RECORDS = 8;

/**
 * Where OPT begins among `count` additional records from `at` on, which must end where the packet ends; `NO_OPT` without one. Nothing
 * where the packet is malformed: a length that lies, two OPTs, one that is not the root's, options cut off.
 *
 * TSIG is malformed to us, as we share no keys with anybody, and the client would believe no answer of ours without one. SIG(0) is passed
 * over: nobody has to mind it on a question (RFC 2931 §3). So is any other record.
 */
export function findOpt(bytes: Uint8Array, from: number, count: number): number | undefined {
  if (count > MAX_RECORDS) return undefined;
  let at = from;
  let optAt = NO_OPT;
  for (let left = count; left > 0; left--) {
    const nameEnd = endOfName(bytes, at);
    const end = nameEnd === undefined ? undefined : endOfRecord(bytes, nameEnd);
    if (nameEnd === undefined || end === undefined) return undefined;
    const type = pairAt(bytes, nameEnd);
    if (type === TYPE.tsig) return undefined;
    if (type === TYPE.opt) {
      const isRoot = nameEnd === at + 1;
      if (optAt !== NO_OPT || !isRoot || !areOptionsWhole(bytes, nameEnd + FIXED_OCTETS, end)) return undefined;
      optAt = at;
    }
    at = end;
  }
  return at === bytes.length ? optAt : undefined;
}

/** Whatever they are: cookies, ECS, padding and those to come are read over. RFC 6891 §6.1.2. */
function areOptionsWhole(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from;
  while (at + 4 <= end) at += 4 + pairAt(bytes, at + 2);
  return at === end;
}

/** The DO bit of the OPT at `optAt`. RFC 3225. */
export function hasDo(bytes: Uint8Array, optAt: number): boolean {
  return optAt !== NO_OPT && (octetAt(bytes, optAt + OPT.flags) & DO_OCTET) !== 0;
}
