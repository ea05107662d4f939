/** Which octets may stand where in a message's head. One look at a table each: every request passes here. RFC 9110 §5.5, §5.6.2; RFC 3986. */

const TOKEN = 1;
const VALUE = 2;
const TARGET = 4;
const NAME = 8;

/** By octet: what it may be part of. */
const CLASSES: readonly number[] = Array.from({ length: 256 }, (_, code) => classOf(code));

function classOf(code: number): number {
  const octet = String.fromCharCode(code);
  let kinds = 0;
  if (/[\w!#$%&'*+.^`|~-]/.test(octet)) kinds += TOKEN;
  // Tab, and all that is no control character; above 0x7f as it came (obs-text).
  if (/[\t\x20-\x7e\x80-\xff]/.test(octet)) kinds += VALUE;
  // More than RFC 3986 has: browsers send `|`, `{`, `"` as they are. A fragment is never sent (RFC 9112 §3.2).
  if (/[!-~]/.test(octet) && octet !== '#') kinds += TARGET;
  // Underscores are no part of host names, and in use.
  if (/[\w-]/.test(octet)) kinds += NAME;
  return kinds;
}

/** A method, a field's name. */
export function isToken(text: string): boolean {
  return text !== '' && consistsOf(text, TOKEN);
}

/** Nothing that ends a line, or the text, for whoever reads it next. */
export function isFieldValue(text: string): boolean {
  return consistsOf(text, VALUE);
}

/** A path with its query. A backslash in a path is a slash to some readers; browsers send it in queries, where it is none to anybody. */
export function isPath(text: string): boolean {
  if (!text.startsWith('/') || !consistsOf(text, TARGET)) return false;
  const slashAt = text.indexOf('\\');
  return slashAt < 0 || text.slice(0, slashAt).includes('?');
}

/** Labels of 63 at most, 253 in all, letters in either case. RFC 1035 §2.3.4. */
export function isHostName(text: string): boolean {
  if (text.length > 253) return false;
  let labelAt = 0;
  for (let i = 0; i <= text.length; i++) {
    if (i === text.length || text.charCodeAt(i) === DOT) {
      if (i === labelAt || i - labelAt > 63) return false;
      labelAt = i + 1;
    } else if (!isOf(text.charCodeAt(i), NAME)) return false;
  }
  return true;
}

const DOT = 0x2e;

function consistsOf(text: string, kind: number): boolean {
  for (let i = 0; i < text.length; i++) if (!isOf(text.charCodeAt(i), kind)) return false;
  return true;
}

/** What is no octet at all is nothing: written as one, it would become another. */
function isOf(code: number, kind: number): boolean {
  return ((CLASSES[code] ?? 0) & kind) !== 0;
}
