/** For how long an answer may be kept and told. RFC 2181 §8, RFC 2308 §3 and §5, RFC 8767 §4. */
import { quadAt } from '../core/bytes.ts';
import { type Message, nameAt, type RecordPlace } from './message.ts';
import { isWithin } from './names.ts';
import type { Name } from './query.ts';
import type { Reply } from './reply.ts';
import { CLASS_IN } from './wire.ts';

/** Capped: no record is believed for longer, so that neither a lie nor a typing error stays. RFC 8767 §4: of the order of a week. */
export const MAX_TTL_SEC = 7 * 86_400;
/** RFC 2308 §5: one to three hours. */
export const MAX_NEGATIVE_SEC = 3 * 3600;
/** What was withheld may be right a moment later: an address that was mistyped, a list that was mended. */
export const MAX_WITHHELD_SEC = 60;

export const SOA = 6;
/** Serial, refresh, retry, expire, minimum behind two names of an octet at least. RFC 1035 §3.3.13. */
const SOA_MIN_BYTES = 22;

/**
 * The smallest TTL of the reply, in seconds, capped. Of all its sections, as unbound has it: it is told whole, and nothing in it may be
 * told for longer than it lives.
 */
export function lifeOf({ ttlsSec }: Reply): number {
  return ttlsSec.reduce((life, ttl) => Math.min(life, ttl), MAX_TTL_SEC);
}

/** For how long it is remembered that `records` were not told: as long as they lived themselves, capped. */
export function withheldOf({ bytes }: Message, records: readonly RecordPlace[]): number {
  return records.reduce((life, { ttlAt }) => Math.min(life, quadAt(bytes, ttlAt)), MAX_WITHHELD_SEC);
}

/**
 * For how long it is believed that `name` does not exist or has no such data: what the zone's SOA says, capped. 0 without one, or where
 * it is of a zone that has no say about `name`: then nobody said for how long. RFC 2308 §5.
 */
export function denialOf({ bytes }: Message, name: Name, records: readonly RecordPlace[]): number {
  const soa = records.find(({ section, type }) => section === 'authority' && type === SOA);
  if (!soa || soa.class !== CLASS_IN || soa.end - soa.dataAt < SOA_MIN_BYTES) return 0;
  const zone = nameAt(bytes, soa.at);
  if (zone === undefined || !isWithin(name, zone)) return 0;
  return Math.min(quadAt(bytes, soa.ttlAt), quadAt(bytes, soa.end - 4), MAX_NEGATIVE_SEC);
}
