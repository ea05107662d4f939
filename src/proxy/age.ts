/** Dates and ages in answers. RFC 9111 §4.2.3. */
import { parseHttpDateSec } from '../http/httpdate.ts';
import { type Fields, fieldOf, valuesOf } from './fields.ts';
import type { Exchanged, Head } from './types.ts';

/** Ages beyond are for ever: RFC 9111 §1.2.2. */
const MAX_AGE_SEC = 2 ** 31;
/** No form of a date is longer. */
const MAX_DATE_CHARACTERS = 40;

/** A field's date, or nothing where it is absent, there twice, or no date. Case does not matter: RFC 9111 §4.2. */
export function dateMsOf(fields: Fields, name: string): number | undefined {
  const text = fieldOf(fields, name);
  if (text === undefined || text.length > MAX_DATE_CHARACTERS) return undefined;
  const sec = parseHttpDateSec(text) ?? parseHttpDateSec(inUsualCase(text));
  return sec === undefined ? undefined : sec * 1000;
}

/**
 * When an answer was asked for and answered, the former as if the origin itself had been: the time that it spent in
 * other caches, or has been under way by its Date, is behind it already. RFC 9111 §4.2.3, the corrected initial age.
 */
export function arrival(head: Head, { askedAtMs, answeredAtMs }: Exchanged): Exchanged {
  const dateMs = dateMsOf(head.fields, 'date');
  // Date has no fractions: what was answered at once would seem to be half a second old.
  const apparentMs = dateMs === undefined ? 0 : Math.floor((answeredAtMs - dateMs) / 1000) * 1000;
  const delayMs = Math.max(0, answeredAtMs - askedAtMs);
  return { askedAtMs: answeredAtMs - Math.max(apparentMs, ageValueSec(head.fields) * 1000 + delayMs), answeredAtMs };
}

/** How old it is, from what `arrival` said of it. A clock that was set back makes nothing younger than it came. */
export function ageSecOf({ askedAtMs, answeredAtMs }: Exchanged, nowMs: number): number {
  return (Math.max(nowMs, answeredAtMs) - askedAtMs) / 1000;
}

/** Of several the first counts; what is no number is ignored: RFC 9111 §5.1. */
function ageValueSec(fields: Fields): number {
  const first = valuesOf(fields, 'age')[0]?.split(',', 1)[0]?.trim() ?? '';
  return /^\d+$/.test(first) ? Math.min(Number(first), MAX_AGE_SEC) : 0;
}

function inUsualCase(text: string): string {
  return text
    .toLowerCase()
    .replace(/[a-z]+/g, (word) => (word === 'gmt' ? 'GMT' : word.charAt(0).toUpperCase() + word.slice(1)));
}
