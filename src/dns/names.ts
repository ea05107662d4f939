/** Between names as people write them and names on the wire. RFC 1035 §3.1, RFC 4343. */
import type { Ipv4 } from '../core/addr.ts';
import type { Name } from './query.ts';

/** `flisol.lan` to `\6flisol\3lan\0`. Letters to lower case; a dot at the end is the root's. For names of the configuration: already checked. */
export function wireName(_text: string): Name {
  throw new Error('unwritten');
}

/** For logs and people: `flisol.lan`, `.` for the root; what is not printable as `\ddd`. RFC 4343 §2.1. */
export function textOf(_name: Name): string {
  throw new Error('unwritten');
}

/** Whether `name` is `domain` or below it. */
export function isWithin(_name: Name, _domain: Name): boolean {
  throw new Error('unwritten');
}

/** The name itself, then each domain above it, the root last. */
export function* tailsOf(_name: Name): Generator<Name> {}

/** The first label, without its length; '' for the root. */
export function firstLabel(_name: Name): string {
  throw new Error('unwritten');
}

/** The address that `d.c.b.a.in-addr.arpa` asks for; nothing for any other name, zones above addresses too. */
export function reverseAddress(_name: Name): Ipv4 | undefined {
  throw new Error('unwritten');
}
