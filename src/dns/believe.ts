/**
 * What an upstream's answer is worth: whether it answers the question at all, which records belong to it, how long it may be kept, and
 * whether it leads a browser into the hall. RFC 2181 §5.4.1, RFC 2308, RFC 5452, RFC 8767 §4.
 */
import type { Message } from './message.ts';
import type { Name } from './query.ts';
import type { Reply } from './reply.ts';

export interface Asked {
  readonly name: Name;
  readonly type: number;
}

export interface Beliefs {
  /** Names whose answers may have private addresses: the operator's own. */
  readonly mayBePrivate: (name: Name) => boolean;
  readonly isBlocked: (name: Name) => boolean;
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

/** Capped: no record is believed for longer. Threats of cached lies and of typing errors. */
export const MAX_TTL_SEC = 7 * 86_400;
/** RFC 2308 §5. */
export const MAX_NEGATIVE_SEC = 3 * 3600;

/** `message` is known to answer `asked` (same question). Never throws; costs at most milliseconds for 64 KiB. */
export function believe(_message: Message, _asked: Asked, _beliefs: Beliefs): Belief {
  throw new Error('unwritten');
}
