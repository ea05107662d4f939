/** Between names as people write them and names on the wire. RFC 1035 §3.1, RFC 4343. */
import { type Ipv4, parseIpv4 } from '../core/addr.ts';
import type { Name } from './query.ts';

/** `flisol.lan` to `\6flisol\3lan\0`. Letters to lower case; a dot at the end is the root's. For names of the configuration: already checked. */
export function wireName(text: string): Name {
  const labels = text.split('.').filter((label) => label !== '');
  const lowered = labels.map((label) => label.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()));
  return `${lowered.map((label) => String.fromCharCode(label.length) + label).join('')}\0`;
}

/** For logs and people: `flisol.lan`, `.` for the root; what is not printable as `\ddd`. RFC 4343 §2.1. */
export function textOf(name: Name): string {
  return labelsOf(name).map(shown).join('.') || '.';
}

/** RFC 1035 §5.1: a backslash before what has a meaning in master files, three decimal digits for what has no shape. */
function shown(label: string): string {
  return label
    .replace(/["$();@\\.]/g, '\\$&')
    .replace(/[^!-~]/g, (octet) => `\\${String(octet.charCodeAt(0)).padStart(3, '0')}`);
}

/** Whether `name` is `domain` or below it. A tail counts where a label begins only: octets within labels may look like one. */
export function isWithin(name: Name, domain: Name): boolean {
  if (!name.endsWith(domain)) return false;
  const tailAt = name.length - domain.length;
  let at = 0;
  while (at < tailAt) at += name.charCodeAt(at) + 1;
  return at === tailAt;
}

/** The name itself, then each domain above it, the root last. */
export function* tailsOf(name: Name): Generator<Name> {
  for (let at = 0; at < name.length; at += name.charCodeAt(at) + 1) yield name.slice(at);
}

/** The first label, without its length; '' for the root. */
export function firstLabel(name: Name): string {
  return name.slice(1, 1 + name.charCodeAt(0));
}

/** From the name's own to the top's, without lengths; none for the root. */
export function labelsOf(name: Name): string[] {
  const labels: string[] = [];
  for (const tail of tailsOf(name)) if (tail.length > 1) labels.push(firstLabel(tail));
  return labels;
}

const REVERSE = wireName('in-addr.arpa');

/** The address that `d.c.b.a.in-addr.arpa` asks for; nothing for any other name, zones above addresses too. RFC 1035 §3.5. */
export function reverseAddress(name: Name): Ipv4 | undefined {
  if (!isWithin(name, REVERSE)) return undefined;
  const labels = labelsOf(name);
  return labels.length === 6 ? parseIpv4(labels.slice(0, 4).reverse().join('.')) : undefined;
}
