/** Our programs in the portmapper that this machine runs already. RFC 1833 §2.2.1: SET and UNSET over its local socket. */
import type { Registration } from './portmap.ts';

/** `no-portmapper`: none answers. `refused`: it takes nothing from us. `taken`: somebody else's program of that number is there. */
export type Registered =
  | { readonly kind: 'registered' }
  | { readonly kind: 'failed'; readonly reason: 'no-portmapper' | 'refused' | 'taken'; readonly what: string };

/** Registers all, or none. Comes back within seconds. */
export function register(_registrations: readonly Registration[]): Promise<Registered> {
  throw new Error('unwritten');
}

/** Takes out what `register` put in; never rejects. */
export function unregister(_registrations: readonly Registration[]): Promise<void> {
  throw new Error('unwritten');
}
