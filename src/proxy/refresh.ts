/** `refresh:` of the configuration: how long what fits a pattern counts as fresh. */
import type { Rule } from './types.ts';

export interface RefreshRow {
  /**
   * `*` matches anything, slashes too; all else itself. The URL is compared whole: with its scheme where the pattern has one, else
   * without. So `*.deb` is whatever ends so, `example.com/pool/*` all below that, by HTTP and HTTPS.
   */
  readonly pattern: string;
  readonly freshSec: number;
}

/** The first row that fits; in linear time whatever the pattern. The URL as of `textOf`. */
export function refreshRule(rows: readonly RefreshRow[]): (url: string) => Rule | undefined {
  const known = rows.map(({ pattern, freshSec }) => ({
    fits: matcher(pattern),
    rule: { kind: 'fresh', freshSec } as const,
  }));
  return (url) => known.find(({ fits }) => fits(url))?.rule;
}

function matcher(pattern: string): (url: string) => boolean {
  const [first = '', ...others] = hostLowered(pattern).split('*');
  const last = others.pop();
  const isWhole = first === '' || /^[a-z*]+:\/\//i.test(pattern);
  return (url) => {
    const from = isWhole ? 0 : url.indexOf('://') + '://'.length;
    if (!url.startsWith(first, from)) return false;
    if (last === undefined) return url.length === from + first.length;
    let at = from + first.length;
    for (const piece of others) {
      const found = url.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return url.length - last.length >= at && url.endsWith(last);
  };
}

/** Hosts are in lower case in URLs, whatever was written: RFC 3986 §6.2.2.1. Paths are not. */
function hostLowered(pattern: string): string {
  return pattern.replace(/^(?:[a-z*]+:\/\/)?[^/*]+/i, (start) => start.toLowerCase());
}
