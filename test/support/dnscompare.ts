/** What one question gets of flink, of unbound and of the authoritative server that both ask, and in what flink's answer is not as it must be. */
import { type Lane, type Server, tcpLane, udpLane } from './dnsask.ts';
import { type Asking, questionOf, roomOf } from './dnsquestions.ts';
import { type ReadPacket, type ReadRecord, readPacket, textOf } from './dnsread.ts';

/** A server by both ways. */
export interface Lanes {
  readonly udp: Lane;
  readonly tcp: Lane;
}

export async function lanesTo(at: Server): Promise<Lanes> {
  const [udp, tcp] = await Promise.all([udpLane(at), tcpLane(at)]);
  return { udp, tcp };
}

export interface Heard {
  /** As the question was asked. */
  readonly first: ReadPacket;
  /** By TCP: where the first was cut, RFC 1035 §4.2.1; of peers always, since by UDP they leave out of additional what does not fit. */
  readonly whole: ReadPacket;
}

export async function hear({ udp, tcp }: Lanes, asking: Asking, isPeer: boolean): Promise<Heard> {
  const bytes = questionOf(asking);
  const first = readPacket(asking.isTcp ? await askAgain(tcp, bytes) : await udp.ask(bytes));
  return { first, whole: first.tc || (isPeer && !asking.isTcp) ? readPacket(await askAgain(tcp, bytes)) : first };
}

/** Servers end connections after so many questions; what was under way is asked again. RFC 7766 §6.2.4. */
async function askAgain(lane: Lane, bytes: Uint8Array, tries = 5): Promise<Uint8Array> {
  return lane.ask(bytes).catch((error: unknown) => {
    if (tries === 1) throw error;
    return askAgain(lane, bytes, tries - 1);
  });
}

export interface Answers {
  readonly flink: Heard;
  readonly unbound: Heard;
  /** Asked directly. */
  readonly authority: Heard;
}

const NXDOMAIN = 3;
const CNAME = 5;
const RRSIG = 46;
const SERVFAIL = 2;

/**
 * Sentences, none where all is well: flink's is the authority's rcode, answer and authority section, and unbound's rcode, flags, answer,
 * and authority section where something is not there. Rightful differences, each with its reason:
 * - AA is the authority's alone, RA a resolver's alone: flags are held against unbound's. RFC 1035 §4.1.1.
 * - Beside an answer unbound leaves out the zone's name servers and their addresses. flink hands them on as they came.
 * - What does not fit into a packet by UDP may be missing in additional, RFC 2181 §9; nothing may stand there that nobody said.
 * - Aliases in a circle are SERVFAIL to whoever follows them, which the authority need not.
 * - unbound 1.17 loses signatures that are asked for by themselves, now and then: there the authority alone is right.
 */
export function faults(asking: Asking, { flink, unbound, authority }: Answers): readonly string[] {
  const own = flink.whole;
  const found: string[] = [];
  const want = (holds: boolean, sentence: () => string): void => void (holds || found.push(sentence()));
  const same = (what: string, ours: readonly ReadRecord[], theirs: readonly ReadRecord[]): void => {
    const [a, b] = [setOf(ours), setOf(theirs)];
    want(
      a.join('\n') === b.join('\n'),
      () => `${what}:\n  ours   ${a.join('\n         ')}\n  theirs ${b.join('\n         ')}`,
    );
  };
  const isCircle = unbound.whole.rcode === SERVFAIL && authority.whole.rcode === 0;
  const isLost = asking.type === RRSIG && unbound.whole.answer.length === 0;
  const others = {
    ...(isLost ? {} : { unbound: unbound.whole }),
    ...(isCircle ? {} : { authority: authority.whole }),
  };
  for (const [whose, theirs] of Object.entries(others)) {
    want(own.rcode === theirs.rcode, () => `rcode ${own.rcode}, ${whose} ${theirs.rcode}`);
    same(`answer, ${whose}`, own.answer, theirs.answer);
    if (isNegative(own) || whose === 'authority') same(`authority section, ${whose}`, own.authority, theirs.authority);
  }
  found.push(...strays(own, authority.whole), ...formFaults(asking, flink.first, unbound.first));
  if (own !== flink.first) found.push(...formFaults({ ...asking, isTcp: true }, own, unbound.whole));
  if (flink.first.tc) {
    want(own.length > roomOf(asking), () => `cut, though ${own.length} octets fit into ${roomOf(asking)}`);
    want(flink.first.answer.length === 0, () => 'cut in the middle: RFC 2181 §9 wants it to be of no use');
  }
  return found;
}

/** No such name, or no such data, at the end of whatever aliases. RFC 2308 §2. */
function isNegative({ rcode, answer, question }: ReadPacket): boolean {
  if (rcode === NXDOMAIN) return true;
  const isAsked = ({ type }: ReadRecord) => type === question?.type;
  return rcode === 0 && question?.type !== CNAME && !answer.some(isAsked);
}

/** Records beside an answer that the authority did not send. */
function strays(own: ReadPacket, theirs: ReadPacket): readonly string[] {
  const known = new Set([...theirs.authority, ...theirs.additional].map(textOf));
  const strangers = [...own.authority, ...own.additional].filter((record) => !known.has(textOf(record)));
  return strangers.map((record) => `nobody said ${textOf(record)}`);
}

/** Header, question and EDNS. */
function formFaults(asking: Asking, own: ReadPacket, unbound: ReadPacket): readonly string[] {
  const found: string[] = [];
  const asked = readPacket(questionOf(asking));
  const flags = ({ isResponse, opcode, aa, rd, ra, ad, cd }: ReadPacket) =>
    JSON.stringify({ isResponse, opcode, aa, rd, ra, ad, cd });
  if (flags(own) !== flags(unbound)) found.push(`flags ${flags(own)}, unbound ${flags(unbound)}`);
  if (JSON.stringify(own.question) !== JSON.stringify(asked.question)) found.push('not the question that was asked');
  if ((own.opt === undefined) !== (asked.opt === undefined)) found.push(own.opt ? 'an OPT to who sent none' : 'no OPT');
  if (own.opt && own.opt.isDnssec !== asked.opt?.isDnssec) found.push('another DO');
  if (!asking.isTcp && own.length > roomOf(asking)) found.push(`${own.length} octets for ${roomOf(asking)}`);
  if (asking.isTcp && own.tc) found.push('cut by TCP');
  return found;
}

function setOf(records: readonly ReadRecord[]): readonly string[] {
  return records.map(textOf).sort();
}
