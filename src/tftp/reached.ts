/** By which of this machine's addresses a client has come to a socket that hears all that have none of their own. */
import { type Ipv4, subnetHas, subnetOf } from '../core/addr.ts';
import type { LocalInterface } from '../host.ts';

export type Reached =
  | { readonly kind: 'address'; readonly address: Ipv4 }
  /** Each of them may be meant: the system knows from which it would answer. */
  | { readonly kind: 'one-of'; readonly addresses: readonly Ipv4[] }
  /** It was sent to everybody. RFC 1123 §4.2.3.5: such requests are ignored. */
  | { readonly kind: 'broadcast' };

/** The kernel prefers a socket that is bound to the very address, so only one that `isServed` denies can be meant. */
export function reachedAddress(
  client: Ipv4,
  interfaces: readonly LocalInterface[],
  isServed: (address: Ipv4) => boolean,
): Reached {
  const candidates = interfaces.filter(({ address }) => !isServed(address));
  const near = candidates.filter(({ address, prefixBits }) => subnetHas(subnetOf(address, prefixBits), client));
  const [first, ...others] = near.length === 1 ? near : candidates;
  if (!first) return { kind: 'broadcast' };
  if (others.length === 0) return { kind: 'address', address: first.address };
  return { kind: 'one-of', addresses: (near.length > 0 ? near : candidates).map(({ address }) => address) };
}
