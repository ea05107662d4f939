/** The names of addresses: `5.0.16.172.in-addr.arpa` and the zones above them. RFC 1035 §3.5. */
import { ipv4ToNumber, type Subnet } from '../core/addr.ts';
import { isWithin, labelsOf, tailsOf, wireName } from './names.ts';
import type { Name } from './query.ts';

/** Addresses, as numbers: `first` and the `size - 1` that follow. */
export interface Span {
  readonly first: number;
  readonly size: number;
}

export interface ReverseSpan extends Span {
  /** The name says this and no more: `www.5.0.16.172.in-addr.arpa` lies below an address. */
  readonly isExact: boolean;
}

const IN_ADDR = wireName('in-addr.arpa');
const ALL_ADDRESSES = 2 ** 32;
const OCTET = /^(?:0|[1-9]\d{0,2})$/;

/** The addresses whose names are at and below `name`; of a name that is no address the least that it lies in. */
export function spanOf(name: Name): ReverseSpan | undefined {
  if (!isWithin(name, IN_ADDR)) return undefined;
  const labels = labelsOf(name).slice(0, -2).reverse();
  let [first, size, used] = [0, ALL_ADDRESSES, 0];
  for (const label of labels.slice(0, 4)) {
    if (!OCTET.test(label) || Number(label) > 255) break;
    size /= 256;
    first += Number(label) * size;
    used += 1;
  }
  return { first, size, isExact: used === labels.length };
}

export function spanOfSubnet({ network, prefixBits }: Subnet): Span {
  return { first: ipv4ToNumber(network), size: 2 ** (32 - prefixBits) };
}

export function covers(outer: Span, inner: Span): boolean {
  return inner.first >= outer.first && inner.first + inner.size <= outer.first + outer.size;
}

export function overlaps(a: Span, b: Span): boolean {
  return a.first < b.first + b.size && b.first < a.first + a.size;
}

/** The zone above `name` that all of a network lies in: zones end at whole octets, so 172.16.4.0/22 is part of `16.172.in-addr.arpa`. */
export function zoneOfSpan(name: Name, { size }: Span): Name {
  const octets = Math.floor((32 - Math.log2(size)) / 8);
  return [...tailsOf(name)].at(-ARPA_TAILS - octets) ?? name;
}

/** `in-addr.arpa`, `arpa`, the root. */
const ARPA_TAILS = 3;
