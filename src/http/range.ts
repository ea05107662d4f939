/** Which bytes of a representation a Range header asks for. RFC 9110 §14. */

/** `start` to `end`, the latter not included; never empty. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export type RangeDecision =
  /** Send it all: no range was asked for, or none that a server has to honour. */
  | { readonly kind: 'whole'; readonly reason: 'no-range' | 'other-unit' | 'malformed' | 'too-many' | 'everything' }
  | { readonly kind: 'parts'; readonly parts: readonly ByteRange[] }
  | { readonly kind: 'unsatisfiable' };

/** More than this in one header is answered with the whole: RFC 9110 §14.2 lets a server ignore many small ranges. */
export const MAX_RANGES = 64;

/**
 * What `header` means for `sizeBytes` of content. Never throws. Parts that overlap or touch are merged, so their sum
 * never exceeds the whole (RFC 9110 §15.3.7.2); parts that don't keep the order in which they were asked for.
 */
export function decideRange(header: string | undefined, sizeBytes: number): RangeDecision {
  if (header === undefined) return { kind: 'whole', reason: 'no-range' };
  const match = /^([!#$%&'*+.^_`|~\w-]+)=(.*)$/.exec(header);
  if (!match) return { kind: 'whole', reason: 'malformed' };
  // Range units are case-insensitive: RFC 9110 §14.1.
  if (match[1]?.toLowerCase() !== 'bytes') return { kind: 'whole', reason: 'other-unit' };

  // Empty list elements are ignored: RFC 9110 §5.6.1.2.
  const specs = (match[2] ?? '')
    .split(',', MAX_RANGES + 2)
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '');
  if (specs.length > MAX_RANGES) return { kind: 'whole', reason: 'too-many' };
  const asked = specs.map((spec) => rangeOf(spec, sizeBytes));
  if (asked.length === 0 || asked.includes('malformed')) return { kind: 'whole', reason: 'malformed' };

  const parts = merged(asked.filter((range) => typeof range === 'object'));
  if (parts.length > 0) return { kind: 'parts', parts };
  return asked.includes('everything') ? { kind: 'whole', reason: 'everything' } : { kind: 'unsatisfiable' };
}

/** One range-spec: `0-99`, `500-`, `-100`. RFC 9110 §14.1.1; digits beyond 2^53 are beyond any file. */
function rangeOf(spec: string, sizeBytes: number): ByteRange | 'malformed' | 'beyond' | 'everything' {
  const match = /^(\d*)-(\d*)$/.exec(spec);
  const [first, last] = [match?.[1] ?? '', match?.[2] ?? ''];
  if (!match || (first === '' && last === '')) return 'malformed';
  if (first === '') {
    if (Number(last) === 0) return 'beyond';
    // A suffix of an empty file is satisfiable, and all of it: RFC 9110 §14.1.2. No Content-Range can say so.
    return sizeBytes === 0 ? 'everything' : { start: Math.max(0, sizeBytes - Number(last)), end: sizeBytes };
  }
  if (last !== '' && Number(last) < Number(first)) return 'malformed';
  if (Number(first) >= sizeBytes) return 'beyond';
  return { start: Number(first), end: last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1) };
}

function merged(parts: readonly ByteRange[]): readonly ByteRange[] {
  const sorted = parts.toSorted((a, b) => a.start - b.start || a.end - b.end);
  const apart: ByteRange[] = [];
  for (const part of sorted) {
    const before = apart.at(-1);
    if (before && part.start <= before.end) {
      apart[apart.length - 1] = { start: before.start, end: Math.max(before.end, part.end) };
    } else apart.push(part);
  }
  return apart.length === parts.length ? parts : apart;
}
