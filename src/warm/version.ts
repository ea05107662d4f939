/** Which of two versions of a package is the newer one. Debian Policy §5.6.12, deb-version(7). */

/** Negative: `a` is older. Digits count as numbers, `~` sorts before everything, even the end; letters before all else. */
export function compareVersions(a: string, b: string): number {
  const one = parted(a);
  const other = parted(b);
  return (
    compareDigits(one.epoch, other.epoch) ||
    comparePart(one.upstream, other.upstream) ||
    comparePart(one.revision, other.revision)
  );
}

interface Parted {
  readonly epoch: string;
  readonly upstream: string;
  readonly revision: string;
}

/** `[epoch:]upstream[-revision]`. */
function parted(version: string): Parted {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? '0' : version.slice(0, colon),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

function comparePart(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const difference = rank(a, i) - rank(b, j);
      if (difference !== 0) return difference;
      i += 1;
      j += 1;
    }
    const endOfA = digitsFrom(a, i);
    const endOfB = digitsFrom(b, j);
    const difference = compareDigits(a.slice(i, endOfA), b.slice(j, endOfB));
    if (difference !== 0) return difference;
    i = endOfA;
    j = endOfB;
  }
  return 0;
}

/** Of a character that is no digit; a digit and the end count the same. */
function rank(text: string, at: number): number {
  if (at >= text.length || isDigit(text, at)) return 0;
  const code = text.charCodeAt(at);
  if (code === TILDE) return -1;
  return isLetter(code) ? code : code + 256;
}

const TILDE = 0x7e;
const isLetter = (code: number): boolean => (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

function digitsFrom(text: string, from: number): number {
  let at = from;
  while (at < text.length && isDigit(text, at)) at += 1;
  return at;
}

/** Numbers of any length. */
function compareDigits(a: string, b: string): number {
  const one = a.replace(/^0+/, '');
  const other = b.replace(/^0+/, '');
  if (one.length !== other.length) return one.length - other.length;
  return one < other ? -1 : one > other ? 1 : 0;
}

export type Relation = '<<' | '<=' | '=' | '>=' | '>>';

/** `<` and `>` are what old packages write for `<=` and `>=`. */
export function fulfils(version: string, relation: Relation, wanted: string): boolean {
  const order = compareVersions(version, wanted);
  switch (relation) {
    case '<<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '=':
      return order === 0;
    case '>=':
      return order >= 0;
    case '>>':
      return order > 0;
  }
}
