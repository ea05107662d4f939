/** The word that was probably meant. */

/** The candidate with the fewest typing errors between it and `word`, if they are few enough to be a slip. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const typed = word.slice(0, 40).toLowerCase();
  let best: { readonly word: string; readonly slips: number } | undefined;
  for (const candidate of candidates) {
    const slips = distance(typed, candidate.toLowerCase());
    if (slips <= Math.max(1, Math.floor(candidate.length / 3)) && slips < (best?.slips ?? Infinity)) {
      best = { word: candidate, slips };
    }
  }
  return best?.word;
}

/** Letters to insert, remove, change or swap with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swaps = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swaps ? at(beforeLast, j - 2) + 1 : Infinity;
      row.push(Math.min(at(last, j) + 1, at(row, j - 1) + 1, change, swap));
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Infinity;
