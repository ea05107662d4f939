/** Which of many ids somebody may have meant. */

const MAX_TOLD = 5;
/** Longer ids than ours are nobody's typo. */
const MAX_CHARS = 100;
/** As long a beginning in common counts as meant: `ubuntu`, `linux-mi`. Taste. */
const MIN_PREFIX = 4;

/** At most five of `ids`, the likeliest first: what begins alike or differs by a few letters. */
export function nearestIds(wanted: string, ids: readonly string[]): readonly string[] {
  const typed = wanted.slice(0, MAX_CHARS).toLowerCase();
  const maxSteps = Math.max(1, Math.floor(typed.length / 4));
  return ids
    .map((id) => ({ id, prefix: commonPrefix(typed, id), steps: editDistance(typed, id) }))
    .filter(({ prefix, steps }) => steps <= maxSteps || prefix >= Math.min(MIN_PREFIX, typed.length))
    .toSorted((a, b) => a.steps - b.steps || b.prefix - a.prefix || (a.id < b.id ? -1 : 1))
    .slice(0, MAX_TOLD)
    .map(({ id }) => id);
}

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

/** Letters to put in, take out or replace. Levenshtein, row by row. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (b[j - 1] === letter ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
