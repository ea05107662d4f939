/** Which indexes belong together: Release and InRelease list the checksums of theirs. https://wiki.debian.org/DebianRepository/Format */

/** Ubuntu's largest have 0.6 MiB and 6,000 lines. */
const MAX_CHARS = 16 << 20;
const MAX_LINES = 100_000;
/** Paths have some sixty. */
const MAX_LINE_CHARS = 1024;

const SIGNED = '-----BEGIN PGP SIGNED MESSAGE-----';
const SIGNATURE = '-----BEGIN PGP SIGNATURE-----';

/**
 * Path from the release's folder to SHA-256 in hex; nothing where the text is none. Bounded: 16 MiB, 100,000 lines. Never throws. What
 * stands outside of a signed text is not the release's; the signature itself is whoever installs' to check.
 */
export function releaseSums(text: string): ReadonlyMap<string, string> | undefined {
  if (text.length > MAX_CHARS) return undefined;
  const sums = new Map<string, string>();
  const isSigned = text.startsWith(SIGNED);
  /** RFC 9580 §7.1: armor headers, an empty line, the text. */
  let isHead = isSigned;
  let isListing = false;
  let at = 0;
  for (let count = 0; at < text.length; count++) {
    if (count === MAX_LINES) return undefined;
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? undefined : end);
    at = end < 0 ? text.length : end + 1;
    if (isHead) isHead = line.trim() !== '';
    else if (isSigned && line.startsWith(SIGNATURE)) break;
    else if (/^[ \t]/.test(line)) isListing && put(sums, line);
    else isListing = /^sha256:\s*$/i.test(line);
  }
  return sums.size > 0 ? sums : undefined;
}

/** ` <sha256> <size> <path>`; the first line of a path counts. */
function put(sums: Map<string, string>, line: string): void {
  if (line.length > MAX_LINE_CHARS) return;
  const [, sum = '', path = ''] = /^\s+([\da-f]{64})\s+\d+\s+(?:\.\/)?(\S+)\s*$/i.exec(line) ?? [];
  if (sum !== '' && !sums.has(path)) sums.set(path, sum.toLowerCase());
}
