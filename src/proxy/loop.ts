/** Whether a request has been here before. RFC 9110 §7.6.3, RFC 8586. */
import { elementsOf } from './fields.ts';

/** garbled: a comment in Via has no end, so that whoever reads the names behind it, ours among them, may or may not see them. */
export type Round = 'first' | 'loop' | 'garbled';

/** `vias` and `loops`: every value of Via and of CDN-Loop. Via can be taken out by who likes to be unseen; CDN-Loop is left alone. */
export function roundOf(vias: readonly string[], loops: readonly string[], pseudonym: string): Round {
  const ours = pseudonym.toLowerCase();
  for (const via of vias) {
    const plain = lessComments(via);
    if (plain === undefined) return 'garbled';
    if (plain.split(',').some((hop) => receiverOf(hop) === ours)) return 'loop';
  }
  const isOurs = (element: string): boolean => element.split(';', 1)[0]?.trim().toLowerCase() === ours;
  return loops.some((value) => elementsOf(value).some(isOurs)) ? 'loop' : 'first';
}

/** Of `1.1 name`, `HTTP/1.1 name`. */
function receiverOf(hop: string): string | undefined {
  const [, name] = hop.split(/[ \t]+/).filter((word) => word !== '');
  return name?.toLowerCase();
}

/** Comments nest, and a backslash quotes what follows: RFC 9110 §5.6.5. Nothing where parentheses don't match. */
function lessComments(value: string): string | undefined {
  if (!/[()]/.test(value)) return value;
  let plain = '';
  let depth = 0;
  for (let i = 0; i < value.length; i++) {
    const c = value.charAt(i);
    if (c === '\\' && depth > 0) i += 1;
    else if (c === '(') depth += 1;
    else if (c === ')') depth -= 1;
    else if (depth === 0) plain += c;
    if (depth < 0) return undefined;
  }
  return depth === 0 ? plain : undefined;
}
