/** The word that was probably meant. */
import { slips } from '../core/slips.ts';

/** The candidate with the fewest typing errors between it and `word`, if they are few enough to be a slip. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const typed = word.slice(0, 40).toLowerCase();
  let best: { readonly word: string; readonly slips: number } | undefined;
  for (const candidate of candidates) {
    const count = slips(typed, candidate.toLowerCase());
    if (count <= Math.max(1, Math.floor(candidate.length / 3)) && count < (best?.slips ?? Infinity)) {
      best = { word: candidate, slips: count };
    }
  }
  return best?.word;
}
