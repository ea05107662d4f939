/** IPv6 addresses as eight numbers. RFC 4291 §2.2. */
import { ipv4ToNumber, parseIpv4 } from './addr.ts';

/** Eight of 16 bits each, the first one foremost. */
export type Ipv6Groups = readonly number[];

/** Of `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`. */
const MAX_CHARS = 45;
const GROUPS = 8;

/** The address in `text`, or nothing. No brackets and no zone (`%eth0`): what is of one link only is nobody's outside of it. */
export function parseIpv6(text: string): Ipv6Groups | undefined {
  if (text.length > MAX_CHARS) return undefined;
  const gapAt = text.indexOf('::');
  if (gapAt < 0) {
    const groups = groupsOf(text, true);
    return groups?.length === GROUPS ? groups : undefined;
  }
  const head = gapAt === 0 ? [] : groupsOf(text.slice(0, gapAt), false);
  const tail = gapAt + 2 === text.length ? [] : groupsOf(text.slice(gapAt + 2), true);
  if (!head || !tail || head.length + tail.length >= GROUPS) return undefined;
  return [...head, ...Array<number>(GROUPS - head.length - tail.length).fill(0), ...tail];
}

/** Groups between colons; the last one may be an IPv4 address where the text ends with it. A second `::` leaves an empty one, which is none. */
function groupsOf(text: string, isEnd: boolean): readonly number[] | undefined {
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    const quad = isEnd && i === parts.length - 1 && part.includes('.') ? parseIpv4(part) : undefined;
    if (quad !== undefined) {
      const value = ipv4ToNumber(quad);
      groups.push(Math.floor(value / 0x10000), value % 0x10000);
    } else if (/^[\da-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/** The one spelling: lower case, `::` for the first of the longest runs of zeros. RFC 5952 §4, and the URL standard for those with IPv4 in them: no dots. */
export function showIpv6(groups: Ipv6Groups): string {
  const { at, count } = longestZeros(groups);
  const show = (some: readonly number[]): string => some.map((group) => group.toString(16)).join(':');
  return count < 2 ? show(groups) : `${show(groups.slice(0, at))}::${show(groups.slice(at + count))}`;
}

function longestZeros(groups: Ipv6Groups): { readonly at: number; readonly count: number } {
  let longest = { at: 0, count: 0 };
  let from = 0;
  for (const [i, group] of groups.entries()) {
    if (group !== 0) from = i + 1;
    else if (i + 1 - from > longest.count) longest = { at: from, count: i + 1 - from };
  }
  return longest;
}
