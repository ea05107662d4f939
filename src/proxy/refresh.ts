/** `refresh:` of the configuration: how long what fits a pattern counts as fresh. */
import type { Rule } from './types.ts';

export interface RefreshRow {
  /** `*` matches anything, all else itself; a URL whole, or its end where the pattern begins with `*`. */
  readonly pattern: string;
  readonly freshSec: number;
}

/** The first row that fits; in linear time whatever the pattern. */
export function refreshRule(_rows: readonly RefreshRow[]): (url: string) => Rule | undefined {
  throw new Error('unwritten');
}
