/**
 * What an upstream's answer is worth: whether it answers the question at all, which records belong to it, how long it may be kept, and
 * whether it leads a browser into the hall. RFC 2181 §5.4.1, RFC 2308, RFC 5452, RFC 8767 §4.
 *
 * A packet is kept as the answer to one question and cut where it says more than was asked. Records are never taken out of it as answers
 * to other questions: what nobody asked cannot get into the cache, whoever sent it.
 */
import { pairAt, setPair } from '../core/bytes.ts';
import { type Asked, type Chain, followAliases } from './chain.ts';
import { keep } from './keep.ts';
import { denialOf, lifeOf, MAX_NEGATIVE_SEC, MAX_TTL_SEC, SOA, withheldOf } from './lifetime.ts';
import { type Message, nameAt, type RecordPlace } from './message.ts';
import type { Name } from './query.ts';
import { addressesOf, type Finding, type IsInside } from './rebind.ts';
import type { Reply } from './reply.ts';
import { AT, FLAG, RCODE } from './wire.ts';

export interface Beliefs {
  /** Names whose answers may have private addresses: the operator's own. Who is not, gets none by an alias of one that is. */
  readonly mayBePrivate: (name: Name) => boolean;
  readonly isBlocked: (name: Name) => boolean;
  /** The hall's own names: nobody outside has a say about them. */
  readonly isOurs?: ((name: Name) => boolean) | undefined;
  /** The hall's addresses where they are public ones. */
  readonly isInside?: IsInside | undefined;
}

export type Belief =
  /** To be told, and kept for `keepSec`; 0: not kept. `kind` of NXDOMAIN and of no such data: negative. */
  | { readonly kind: 'positive' | 'negative'; readonly reply: Reply; readonly keepSec: number }
  /** A private address in an answer from outside (rebinding), or an alias of a blocked name. `reply` has no records. */
  | {
      readonly kind: 'withheld';
      readonly reason: 'rebind' | 'blocked';
      readonly reply: Reply;
      readonly keepSec: number;
    }
  /** Of no use to anybody: another upstream may know better. */
  | { readonly kind: 'failed'; readonly reason: 'servfail' | 'refused' | 'formerr' | 'notimp' | 'broken' };
type Failure = Extract<Belief, { readonly kind: 'failed' }>['reason'];

const NS = 2;
/** YXDOMAIN: a DNAME makes the name too long: an answer as good as any. RFC 6672 §2.2. */
const { NOERROR, NXDOMAIN, YXDOMAIN } = RCODE;
const FAILURES: ReadonlyMap<number, Failure> = new Map([
  [RCODE.FORMERR, 'formerr'],
  [RCODE.SERVFAIL, 'servfail'],
  [RCODE.NOTIMP, 'notimp'],
  [RCODE.REFUSED, 'refused'],
]);

/** `message` is known to answer `asked` (same question). Never throws; costs at most milliseconds for 64 KiB. */
export function believe(message: Message, asked: Asked, beliefs: Beliefs): Belief {
  const { rcode } = message;
  if (!message.isResponse || message.opcode !== 0 || message.isTruncated) return failed('broken');
  if (rcode !== NOERROR && rcode !== NXDOMAIN && rcode !== YXDOMAIN) return failed(FAILURES.get(rcode) ?? 'broken');
  const chain = followAliases(message, asked);
  // What was cut off may have been the answer: another upstream sends it without what is not asked for, perhaps.
  if (!chain || (chain.cutAt !== undefined && !chain.hasData)) return failed('broken');
  const cutAt = chain.cutAt ?? hallAt(message, beliefs);
  const records = message.records.slice(0, cutAt);
  const withheld = withheldFor(message, chain, records, beliefs);
  if (withheld === 'broken') return failed('broken');
  if (withheld) return withhold(message, withheld, withheldOf(message, records));
  if (chain.hasData && rcode === NOERROR) {
    const reply = keep(message, { cutAt, rcode, maxTtlSec: MAX_TTL_SEC });
    return { kind: 'positive', reply, keepSec: lifeOf(reply) };
  }
  if (rcode === NOERROR && isReferral(records)) return failed('broken');
  return negative(message, chain, cutAt, records);
}

/** NXDOMAIN is about the last name of the chain, as is "no such data". RFC 6604 §3, RFC 2308 §2. */
function negative(
  message: Message,
  { names }: Chain,
  cutAt: number | undefined,
  records: readonly RecordPlace[],
): Belief {
  const { rcode } = message;
  const denialSec = rcode === YXDOMAIN ? 0 : denialOf(message, names.at(-1) ?? '', records);
  // The SOA's TTL is what clients keep it for, too. RFC 2308 §3.
  const maxTtlSec = denialSec > 0 ? denialSec : MAX_NEGATIVE_SEC;
  const reply = keep(message, { cutAt, rcode, maxTtlSec });
  return { kind: 'negative', reply, keepSec: Math.min(denialSec, lifeOf(reply)) };
}

/**
 * Servers of a zone, and neither data nor a denial: who was asked to resolve sends us on instead. Clients would take it for "no such
 * data" and believe a name without addresses, which nobody said; we do not go on ourselves. RFC 2308 §2.2.
 */
function isReferral(records: readonly RecordPlace[]): boolean {
  const authority = records.filter(({ section }) => section === 'authority');
  return authority.some(({ type }) => type === NS) && !authority.some(({ type }) => type === SOA);
}

/** The first record beyond the answers that says something about the hall. */
function hallAt({ bytes, records }: Message, { isOurs }: Beliefs): number | undefined {
  if (!isOurs) return undefined;
  const at = records.findIndex((record) => {
    const owner = record.section === 'answer' ? undefined : nameAt(bytes, record.at);
    return owner !== undefined && isOurs(owner);
  });
  return at < 0 ? undefined : at;
}

/** Why nobody gets to see `records`. */
function withheldFor(
  message: Message,
  { names }: Chain,
  records: readonly RecordPlace[],
  beliefs: Beliefs,
): 'rebind' | 'blocked' | 'broken' | undefined {
  const [asked = '', ...aliases] = names;
  if (aliases.some((name) => beliefs.isBlocked(name))) return 'blocked';
  const mayBePrivate = beliefs.mayBePrivate(asked);
  if (!mayBePrivate && aliases.some((name) => beliefs.isOurs?.(name))) return 'rebind';
  for (const record of records) {
    const found: Finding = addressesOf(message.bytes, record, beliefs.isInside);
    if (found === 'broken') return 'broken';
    if (found === 'private' && !mayBePrivate) return 'rebind';
  }
  return undefined;
}

/** Nothing but the question: no data, or, of what is on a list, no such name. Nobody has checked a signature of that: AD goes. */
function withhold(message: Message, reason: 'rebind' | 'blocked', keepSec: number): Belief {
  const rcode = reason === 'blocked' ? NXDOMAIN : NOERROR;
  const bytes = new Uint8Array(message.bytes.subarray(0, message.questionEnd));
  setPair(bytes, AT.flags, pairAt(bytes, AT.flags) & ~FLAG.ad);
  const reply = keep({ ...message, bytes, records: [] }, { cutAt: undefined, rcode, maxTtlSec: MAX_TTL_SEC });
  return { kind: 'withheld', reason, reply, keepSec };
}

function failed(reason: Failure): Belief {
  return { kind: 'failed', reason };
}
