/** Which of many ids somebody may have meant. */
import { slips } from '../core/slips.ts';

const MAX_TOLD = 5;
/** Longer ids than ours are nobody's typo. */
const MAX_CHARS = 100;
/** As long a beginning in common counts as meant: `ubuntu`, `linux-mi`. Taste. */
const MIN_PREFIX = 4;

/** At most five of `ids`, the likeliest first: what begins alike or differs by a few letters. */
export function nearestIds(wanted: string, ids: readonly string[]): readonly string[] {
  const typed = wanted.slice(0, MAX_CHARS).toLowerCase();
  const few = Math.max(1, Math.floor(typed.length / 4));
  return ids
    .map((id) => ({ id, prefix: commonPrefix(typed, id), wrong: slips(typed, id) }))
    .filter(({ prefix, wrong }) => wrong <= few || prefix >= Math.min(MIN_PREFIX, typed.length))
    .toSorted((a, b) => a.wrong - b.wrong || b.prefix - a.prefix || (a.id < b.id ? -1 : 1))
    .slice(0, MAX_TOLD)
    .map(({ id }) => id);
}

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
